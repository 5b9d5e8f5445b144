"""Examples in the library: a plan at a cut, without names, from which everybody can learn.

Sealed text is left out, because the plan is read without it. The account's names, our people and the words that the
publisher listed are replaced wherever they occur, in ids too.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic_core import to_json

from application.views.current_plan import current_plan
from application.views.current_program import LoadedProgram
from application.views.cuts import CutRefused, cut_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan.plan import Plan, PlanNotOpen, plan_id_of, the_plan
from domain.language import FORGOTTEN, Caution, Command, same_person
from domain.markers import Ours, strings_of
from domain.program.examples import Example, ExamplePublished, NoCutToShow, NoPlanToShow, PublishExample
from domain.record import Recorded
from domain.things import day_of

THE_ACCOUNT = "the account"
SOMEBODYS_WORDS = "[…]"
COLLEAGUE = "colleague-{number}"
FEWEST_LETTERS = 3
"""Ids of our people with fewer letters are replaced only where they stand alone, not inside a text."""
TELLING = ("plan_id", "contact_clock")
"""The parts of a plan that identify it or are only about people."""


class ExampleView(BaseModel):
    """An example plan, as it was when it was published."""

    id: str
    title: str
    published_on: date
    plan: dict[str, Any] = Field(
        description="As `GET /v1/plans/{plan}` shows a plan, without its id and its contacts: the words of people read"
        f" `{SOMEBODYS_WORDS}`, the account is `{THE_ACCOUNT}`, our own people are `{COLLEAGUE.format(number=1)}` and"
        " so on, and other words are replaced as it was published with."
    )


class NoSuchExample(LookupError):
    """There is no such example in the library, or it was withdrawn."""


def example_view(program: LoadedProgram, id: str, read: Callable[[UUID], LoadedPlan]) -> ExampleView:
    """Return an example. `read` reads a plan without sealed text. Raises `NoSuchExample`, and `PlanNotOpen` or
    `CutRefused` if its plan or cut does not exist."""
    example = program.state.find(Example, id)
    if example is None or not example.is_open:
        raise NoSuchExample(NoSuchExample.__doc__)
    at = _published(program, id).meta.recorded_at
    plan = shown_at(first_open(example.plan, read), example, at, program.records)
    return ExampleView(id=example.id, title=example.title, published_on=day_of(at, timezone_of(program)), plan=plan)


def shown_at(
    known: LoadedPlan, example: Example | PublishExample, at: datetime, program: Sequence[Recorded]
) -> dict[str, Any]:
    """Return the plan as everybody sees it in an example that was published at an instant. Raises `CutRefused`."""
    # `now` stands for the instant of publication, because an example must not change afterwards.
    cut = cut_at(at.isoformat() if example.cut == "now" else example.cut, known, at)
    view = current_plan(known, cut, program).model_dump(mode="json", exclude=set(TELLING))
    redactions = {each.words: each.shown_as for each in example.redactions}
    replaced = _replaced(the_plan(known.state), _colleagues(known), redactions)
    return {name: replaced(value) for name, value in view.items()}


# Before it is published


def check_seen(command: Command, sees: Callable[[LoadedPlan], bool], read: Callable[[UUID], LoadedPlan]) -> None:
    """Raise `NoPlanToShow` if somebody publishes a plan that does not exist or that they may not see."""
    if isinstance(command, PublishExample):
        try:
            is_seen = sees(first_open(command.plan, read))
        except PlanNotOpen:
            is_seen = False
        if not is_seen:
            raise NoPlanToShow("/plan", plan=command.plan)


def check_example(
    command: Command,
    read: Callable[[UUID], LoadedPlan],
    read_shown: Callable[[UUID], LoadedPlan],
    now: datetime,
    program: Sequence[Recorded],
) -> Iterator[Caution]:
    """Yield what looks like a mistake before an example is published: listed words that occur nowhere, and people of
    the customer whose names are still in it.

    `read` reads a plan, `read_shown` reads one without sealed text. Raises `NoPlanToShow`, `NoCutToShow`.
    """
    if not isinstance(command, PublishExample):
        return
    try:
        known, without_words = first_open(command.plan, read), first_open(command.plan, read_shown)
        names = known.state.names
        as_it_is = to_json(shown_at(without_words, command.model_copy(update={"redactions": ()}), now, program))
        shown = shown_at(without_words, command, now, program)
    except PlanNotOpen:
        raise NoPlanToShow("/plan", plan=command.plan) from None
    except CutRefused as refused:
        raise NoCutToShow("/cut", plan=command.plan, cut=command.cut, why=str(refused)) from None
    before = as_it_is.decode().casefold()
    for place, each in enumerate(command.redactions):
        if each.words.casefold() not in before:
            detail = "These words stand nowhere in what is shown, so nothing is replaced by them."
            yield Caution("replaces-nothing", f"/redactions/{place}/words", detail)
    words = [each.words.casefold() for each in command.redactions]
    for place, replaced in enumerate(words):
        if replaced in words[:place]:
            detail = "These words are replaced twice: what is said last counts."
            yield Caution("replaced-twice", f"/redactions/{place}/words", detail)
    for id in sorted({id for text in _texts(shown) for id in names.found_in(text)}):
        yield Caution("names-a-person", "/redactions", f"“{id}” is still named in the plan: say what to show instead.")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)


def _published(program: LoadedProgram, id: str) -> Recorded:
    return next(
        record
        for record in reversed(program.records)
        if isinstance(record.event, ExamplePublished) and record.event.id == id
    )


def _colleagues(known: LoadedPlan) -> Mapping[str, str]:
    """Return our people whom the plan names, each with the replacement for them, in the order of their first
    occurrence."""
    named = (id for record in known.records for _, id in strings_of(record.event, Ours))
    people = dict.fromkeys(map(same_person, named))
    return {id: COLLEAGUE.format(number=number) for number, id in enumerate(people, 1)}


def _replaced(card: Plan, colleagues: Mapping[str, str], redactions: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return a function that replaces the words that identify the account in every text of a value, the longest words
    first.

    Ids of our people are replaced only as whole words, because many are as short as “ann”.
    """
    ids = tuple(filter(None, (card.account_id, *card.aliases, *card.merged, card.merged_into)))
    # The ids of its events begin with the plan's, which is made of the account's.
    plans = (str(plan_id_of(id)) for id in ids)
    names = dict.fromkeys((card.account_name, *card.former_names, *ids, *plans), THE_ACCOUNT)
    said = {**names, **redactions, FORGOTTEN: SOMEBODYS_WORDS}
    shown_as = {words.casefold(): other for words, other in (*colleagues.items(), *said.items())}
    whole = [rf"(?<!\w){re.escape(id)}(?!\w)" for id in colleagues if len(id) >= FEWEST_LETTERS]
    parts = map(re.escape, said)
    words = re.compile("|".join(sorted((*parts, *whole), key=len, reverse=True)), re.IGNORECASE)

    def replaced(value: Any) -> Any:
        match value:
            case str() if same_person(value) in colleagues:
                return colleagues[same_person(value)]
            case str():
                return words.sub(lambda found: shown_as.get(found[0].casefold(), SOMEBODYS_WORDS), value)
            case list():
                return [replaced(each) for each in value]
            case dict():
                return {replaced(name): replaced(each) for name, each in value.items()}
        return value

    return replaced
