"""Statements without an object: accepted, but never silently."""

import re

from domain.language import Caution

VAGUE = (
    "This names no object: say what will be different, and for whom, so that the review can tell whether it was done."
)
_VAGUE_WORDS = frozenset(
    # what one does
    "align build continue deepen develop drive enhance engage expand explore follow foster grow improve increase"
    " intensify keep leverage maintain manage nurture optimise optimize push reinforce strengthen support sustain touch"
    # to what
    " account alignment awareness base business client clients collaboration communication contact contacts cooperation"
    " customer customers engagement footprint momentum network partnership presence rapport relation relations"
    " relationship relationships stakeholder stakeholders synergies them things trust value"
    # and what holds it together
    " a all an and at better by closer for further good in into more of on our ties stronger the their this to up us we"
    " with within".split()
)


def cautions_about(statement: str | None, pointer: str) -> tuple[Caution, ...]:
    """A caution where a statement says nothing that could be found done or not done."""
    words = re.findall(r"\w+", (statement or "").casefold())
    return (Caution("vague-statement", pointer, VAGUE),) if words and _VAGUE_WORDS.issuperset(words) else ()
