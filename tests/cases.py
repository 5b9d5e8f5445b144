"""Many cases in one test, because collecting, setting up and reporting a test takes longer than most cases do."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import signature
from typing import Any

import pytest

Test = Callable[..., None]

LONGEST_VALUE = 120
"""The number of characters of a value in the name of a case."""


def for_each(
    names: str | Sequence[str], cases: Iterable[Any], ids: Callable[[Any], str] = repr
) -> Callable[[Test], Test]:
    """Run a test on every case, like `pytest.mark.parametrize`, but as one test with the same fixtures.

    A case is a value or a `pytest.param`, or as many values as there are names. Every case is run even if earlier ones
    fail, and each failure has a note that names its case. Raises ValueError if there is no case. If each case needs
    fresh fixtures, use `pytest.mark.parametrize`.
    """
    called = [names] if isinstance(names, str) else list(names)
    tried = [case if isinstance(case, type(pytest.param())) else pytest.param(*_values(case, called)) for case in cases]
    if not tried:
        raise ValueError(f"there is no case of {called}")

    def one_test(test: Test) -> Test:
        asked = signature(test)

        @wraps(test)
        def every_case(**fixtures: Any) -> None:
            failures = []
            for case in tried:
                named = dict(zip(called, case.values, strict=True))
                try:
                    test(**fixtures, **named)
                except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - all are raised at the end
                    shown = ", ".join(f"{name}={ids(value)[:LONGEST_VALUE]}" for name, value in named.items())
                    failure.add_note(f"in the case {case.id or shown}")
                    failures.append(failure)
            if len(failures) == 1:
                raise failures[0]
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} cases of {len(tried)} failed", failures)

        fixtures = [parameter for name, parameter in asked.parameters.items() if name not in called]
        every_case.__signature__ = asked.replace(parameters=fixtures)  # pytest reads this.
        return every_case

    return one_test


def _values(case: Any, called: list[str]) -> Sequence[Any]:
    return case if len(called) > 1 else (case,)
