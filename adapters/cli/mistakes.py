"""What is wrong with an option or an argument, in our words: no message of a library reaches whoever typed it."""

import re
from typing import Any

import typer
from pydantic import ValidationError

from domain.mistakes import did_you_mean, predicate

OF_CHOICES = re.compile(r"'(?P<said>.*)' is not one of (?P<choices>'.*')\.?", re.DOTALL)
"""How typer says that a word is none of those there are."""


def in_our_words(error: typer.BadParameter) -> typer.BadParameter:
    """Return the error with a sentence of ours, where a library read the value."""
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
