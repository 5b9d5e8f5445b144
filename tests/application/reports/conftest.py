"""A history with one promise, which most tests of reports begin with."""

import pytest

from tests.histories import History, opened
from tests.promising import play, review


@pytest.fixture
def promised() -> History:
    """Return a plan in which a pilot due on 20 March was promised at the review of 2 March."""
    history = opened()
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    return history
