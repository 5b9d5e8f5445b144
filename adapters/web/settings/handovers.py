"""Handovers: the page first shows what would be handed over, then does it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.requests import NoteRead, context
from adapters.rendering.words import spaced
from adapters.web.choices import Choices, Known, with_blanks
from adapters.web.forms.form import FormData
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.names import called
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from application.aggregates.read import AggregateReader
from application.handovers.handover import (
    ARCHIVED,
    INVITED,
    LEADS_THE_PROGRAM,
    ON_THE_TEAM,
    STEP,
    HandedOver,
    Handover,
    Handovers,
    Item,
    ProgramHandedOver,
)
from domain.account_plan.language import AccountPlan
from domain.mistakes import predicate
from domain.things import Aggregate

MOST_FIELDS = 1_000
HERE = f"{PATH}/handovers"
FIELDS = ("from", "to", "reason")
WHY = (ARCHIVED, INVITED, LEADS_THE_PROGRAM, ON_THE_TEAM, STEP)
"""Why a thing is not handed over, apart from refusals of plans."""


@dataclass(frozen=True)
class ThingRow:
    kind: str
    name: str
    address: str
    came: str
    """The outcome for this thing."""
    is_left: bool


@dataclass(frozen=True)
class PlaceShown:
    """What the person owns in one plan, or in the program."""

    name: str
    address: str
    things: Sequence[ThingRow]


@dataclass(frozen=True)
class HandoverView:
    tabs: Sequence[Tab]
    typed: dict[str, str]
    plans: Sequence[str]
    choices: Choices
    errors: Sequence[str]
    asked: bool
    done: bool
    """Whether it was done, and not only shown."""
    places: Sequence[PlaceShown]
    unknown: str
    summary: str
    may_be_done: bool


def typed_in(data: FormData) -> dict[str, str]:
    return {name: data.get(name, "").strip() for name in FIELDS}


def wanted(typed: dict[str, str], plans: Sequence[str], dry_run: bool) -> Handover:
    """Return the request. Raises `ValidationError`."""
    said = {name: typed[name] for name in ("from", "to", "reason") if typed[name]}
    return Handover.model_validate({**said, "plans": list(plans) or None, "dry_run": dry_run})


def things(
    place: ProgramHandedOver, home: str, did: str, say: Speech, state: Aggregate | None = None
) -> Iterator[ThingRow]:
    def row(each: Item, came: str, is_left: bool) -> ThingRow:
        is_card = each.kind in ("plan", "program")
        return ThingRow(
            kind=say(spaced(each.kind)),
            name="" if is_card else called(state, each.kind, each.id, say) if state else each.id,
            address="" if is_card else f"{home}/all/{each.kind}",
            came=came,
            is_left=is_left,
        )

    yield from (row(each, did, False) for each in place.handed_over)
    yield from (row(each, say(each.why) if each.why in WHY else say.told(each.why), True) for each in place.left_behind)


def places(found: HandedOver, plans: AggregateReader[AccountPlan], say: Speech) -> Iterator[PlaceShown]:
    did = say("would be handed over") if found.dry_run else say("handed over")
    for each in found.plans:
        home = f"/plans/{each.account_id}"
        yield PlaceShown(each.account_name, home, list(things(each, home, did, say, plans.read(each.plan_id).state)))
    if found.program:
        yield PlaceShown(say("The program"), "/program", list(things(found.program, "/program", did, say)))


def summary(found: HandedOver, say: Speech) -> str:
    if found.dry_run:
        said = say.counted(
            "{number} thing would be handed over.", "{number} things would be handed over.", found.handed_over
        )
    else:
        said = say.counted("{number} thing was handed over.", "{number} things were handed over.", found.handed_over)
    left = say.counted("{number} thing is left to decide.", "{number} things are left to decide.", found.left_behind)
    return f"{said} {left}" if found.left_behind else said


def routes(
    handovers: Handovers, plans: AggregateReader[AccountPlan], note_read: NoteRead, known: Known, guard: PageGuard
) -> list[Route]:
    async def shown(request: Request, data: FormData, do: bool) -> Response:
        say, typed = speech_of(request), typed_in(data)
        caller, errors, found = visitor_of(request).caller, list[str](), None
        asked = any(typed.values())
        chosen = await run_in_threadpool(known.account_ids, data.all("plans"), caller)
        if asked:
            try:
                asking = wanted(typed, chosen, dry_run=not do)
                said, still_may = context(request, caller, "ui"), guard.asked_by_threads(request)
                found = await run_in_threadpool(handovers.carry_out, asking, caller, said, still_may)
            except ValidationError as error:
                errors = [
                    f"{say(str(each['loc'][0])) if each['loc'] else ''} {say.told(predicate(each))}".strip()
                    for each in error.errors(include_url=False, include_input=False)
                ]
        shown_places = await run_in_threadpool(lambda: list(places(found, plans, say))) if found else []
        for each in found.plans if found else ():
            note_read(request, each.plan_id, f"version:{each.version}")
        view = HandoverView(
            tabs=tabs(request, say),
            typed=typed,
            plans=with_blanks(data.all("plans")),
            choices=await run_in_threadpool(known.choices, caller),
            errors=errors,
            asked=found is not None,
            done=do and found is not None,
            places=shown_places,
            unknown=", ".join(found.unknown_plans) if found else "",
            summary=summary(found, say) if found else "",
            may_be_done=found is not None and not do and found.handed_over > 0,
        )
        answer = render(request, "settings/handovers.html", 422 if errors else 200, view=view)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def page(request: Request) -> Response:
        return await shown(request, FormData(request.query_params.multi_items()), do=False)

    async def hand_over(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        return await shown(request, FormData([(name, str(value)) for name, value in form.multi_items()]), do=True)

    return [
        guard.page(HERE, page, "command", "handovers-page"),
        guard.form(HERE, hand_over, "command", "handed-over", HERE),
    ]
