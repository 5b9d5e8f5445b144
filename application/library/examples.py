"""Gold-standard plans: a plan as it stood at a cut, for everybody to learn from, without names.

Nobody's sealed words are in it, for the plan is read without them; the account's names and the words that whoever
published it named are replaced wherever they stand, in ids too.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from application.views.current_plan import current_plan
from application.views.current_program import LoadedProgram
from application.views.cuts import cut_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan.plan import Plan, the_plan
from domain.language import FORGOTTEN
from domain.program.examples import Example, ExamplePublished
from domain.record import Recorded
from domain.things import day_of

THE_ACCOUNT = "the account"
SOMEBODYS_WORDS = "[…]"
TELLING = ("plan_id", "contact_clock")
"""The parts of a plan that say which one it is, or are about people alone."""


class ExampleView(BaseModel):
    """A plan to learn from, as it stood when it was published."""

    id: str
    title: str
    published_on: date
    plan: dict[str, Any] = Field(
        description="As `GET /v1/plans/{plan}` shows a plan, without its id and its contacts: the words of people read"
        f" `{SOMEBODYS_WORDS}`, the account is `{THE_ACCOUNT}`, and other words are replaced as it was published with."
    )


class NoSuchExample(LookupError):
    """There is no such example in the library, or it was withdrawn."""


def example_view(program: LoadedProgram, id: str, read: Callable[[UUID], LoadedPlan]) -> ExampleView:
    """`read` reads a plan without sealed words.  Raises `NoSuchExample`, and `PlanNotOpen` and `CutRefused` where there
    is no such plan or cut."""
    example = program.state.find(Example, id)
    if example is None or not example.is_open:
        raise NoSuchExample(NoSuchExample.__doc__)
    published = _published(program, id)
    at = published.meta.recorded_at
    known = first_open(example.plan, read)
    # What is to stay as it is cannot be shown as it stands now.
    cut = cut_at(at.isoformat() if example.cut == "now" else example.cut, known, at)
    view = current_plan(known, cut, program.records).model_dump(mode="json", exclude=set(TELLING))
    replaced = _replaced(the_plan(known.state), {each.words: each.shown_as for each in example.redactions})
    return ExampleView(
        id=example.id,
        title=example.title,
        published_on=day_of(at, timezone_of(program)),
        plan={name: replaced(value) for name, value in view.items()},
    )


def _published(program: LoadedProgram, id: str) -> Recorded:
    return next(
        record
        for record in reversed(program.records)
        if isinstance(record.event, ExamplePublished) and record.event.id == id
    )


def _replaced(card: Plan, redactions: Mapping[str, str]) -> Callable[[Any], Any]:
    """A function that replaces what tells the account in every text of a value, the longest words first."""
    names = dict.fromkeys((card.account_name, *card.former_names, card.account_id), THE_ACCOUNT)
    said = {**names, **redactions, FORGOTTEN: SOMEBODYS_WORDS}
    shown_as = {words.casefold(): other for words, other in said.items()}
    words = re.compile("|".join(map(re.escape, sorted(said, key=len, reverse=True))), re.IGNORECASE)

    def replaced(value: Any) -> Any:
        match value:
            case str():
                return words.sub(lambda found: shown_as.get(found[0].casefold(), SOMEBODYS_WORDS), value)
            case list():
                return [replaced(each) for each in value]
            case dict():
                return {replaced(name): replaced(each) for name, each in value.items()}
        return value

    return replaced
