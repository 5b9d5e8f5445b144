"""What views, packs and reports show of two plans is what was looked at before it was kept."""

import pytest

from tests.application.what_is_shown import FILE, PARTS, shown


@pytest.mark.parametrize("part", PARTS)
def test_what_is_shown_is_what_was_looked_at(part):
    kept = dict(zip(PARTS, FILE.read_text("utf-8").split("\n\n# "), strict=True))[part]
    assert shown(part).removeprefix("# ").strip() == kept.removeprefix("# ").strip(), (
        "run `python -m tests.application.what_is_shown`"
    )
