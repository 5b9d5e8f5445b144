"""Errors on the command line are sentences that say what to do."""

from pkgutil import resolve_name

from adapters.cli.errors import EXPLAINED, explained
from tests.cases import for_each


@for_each("name", EXPLAINED)
def test_what_is_explained_is_called_as_the_error_itself(name):
    kind = resolve_name(name)
    assert issubclass(kind, Exception)
    assert f"{kind.__module__}.{kind.__qualname__}" == name


def test_an_error_is_explained_as_the_nearest_kind_that_is():
    assert explained(FileNotFoundError(2, "No such file or directory", "plan.csv")) == (
        "plan.csv: No such file or directory. Name another file, or mend what is wrong with this one."
    )
    assert explained(ZeroDivisionError()) is None
