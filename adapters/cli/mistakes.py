"""Messages about wrong options and arguments, in our words, because those of libraries do not help the user."""

import re
from typing import Any

import typer
from pydantic import ValidationError

from domain.mistakes import did_you_mean, predicate

OF_CHOICES = re.compile(r"'(?P<said>.*)' is not one of (?P<choices>'.*')\.?", re.DOTALL)
"""The message of typer about a word that is not among the choices."""


def in_our_words(error: typer.BadParameter) -> typer.BadParameter:
    """Return the error with a message of ours if a library has read the value."""
    cause: Any = error.__cause__
    if not isinstance(cause, ValidationError):
        return error
    wrong = cause.errors()[0]
    chosen = OF_CHOICES.search(wrong["msg"])
    if chosen:
        choices = re.findall(r"'([^']*)'", chosen["choices"])
        near = did_you_mean(chosen["said"], choices)
        message = f"“{chosen['said']}” is not one of {', '.join(choices)}{near}"
    else:
        message = predicate(wrong)
    return typer.BadParameter(message, ctx=error.ctx, param=error.param, param_hint=error.param_hint)
