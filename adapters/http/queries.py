"""Every view of one plan over HTTP, and what the views of every aggregate have in common, as of any cut.

Answers that were made before are served as the same bytes.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from adapters.access.access_log import Access, AccessLog
from adapters.http.budgets import Work, in_turn
from adapters.http.conditional import Answer, ReadyAnswers, at_cursor, etag, is_known, unchanged
from adapters.http.documentation import LINK, QUERY, documented
from adapters.http.elsewhere import pass_on_if_long
from adapters.http.problems import Rejected, rejected_parameter
from adapters.http.requests import caller_of
from adapters.http.resources import PLANS, Resource
from adapters.rendering.document import Form
from application.aggregates.access import Caller
from application.aggregates.handle import Aggregates
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.ports import Heads
from application.findings.judging import FindingsView, findings_view
from application.portfolio.ports import Portfolio
from application.views import diff as changes
from application.views import history
from application.views.current_plan import CurrentPlan, current_plan
from application.views.cuts import Cut, CutRefused, check_there, cut_at
from application.views.list_cursors import version_of
from application.views.loaded_plan import LoadedPlan
from application.views.pages import (
    BlameList,
    HistoryPage,
    ReviewList,
    UnknownKind,
    blame_list,
    event_named,
    history_page,
    review_before,
    review_list,
    thing_named,
    version_before,
)
from application.views.policy_in_force import policy_at
from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import A, AggregateType
from domain.mistakes import did_you_mean, listed
from domain.program.charter import PROGRAM_ID
from domain.program.language import ProgramSection, ProgramState
from domain.record import Recorded

MOST_ENTRIES = 500
CUT = "`now`, `review:ID`, `version:N`, `event:ID`, a date or an instant"

PlanPath = Annotated[str, Path(description="Plan id or account id.")]
CutText = Annotated[str, Field(max_length=300, examples=["2026-03-31", "review:R1", "version:12"])]


# Requests


class AsOf(BaseModel):
    """The cut of a view."""

    model_config = ConfigDict(extra="forbid")

    as_of: CutText = Field("now", description=f"The cut to show the plan at: {CUT}.")


class HistoryAsked(AsOf):
    """What of a history is asked for, whatever its aggregate; a section of it stands in the model of each type."""

    section: str | None = None
    type: str | None = Field(
        None,
        max_length=100,
        description="Only events of this type: `PlayStarted`, or as in the feed, `plantrail.play-started.v1`.",
    )
    actor: str | None = Field(
        None, max_length=128, description="Only what this person entered, or what was entered on their behalf."
    )
    entity: str | None = Field(
        None,
        max_length=300,
        description="Only what is about or names things of this kind (`play`), or this thing (`play:pilot`).",
    )
    from_: CutText | None = Field(
        None, alias="from", description="Only what was recorded after this cut; a date stands for its beginning."
    )
    to: CutText | None = Field(None, description="Only what was recorded up to this cut: the same as `as_of`.")
    cursor: str | None = Field(None, max_length=64, description="The value of `next` on the previous page.")
    limit: int = Field(100, ge=1, le=MOST_ENTRIES, description="At most this many entries.")

    def filter(self, of: AggregateType[Any]) -> history.Filter:
        """Raises `Rejected` where the type has no such event or kind of thing."""
        kind, id = _thing_named(self.entity, of)
        return history.Filter(section=self.section, type=_event_name(self.type, of), actor=self.actor, kind=kind, id=id)


ONLY_OF_SECTION = Field(None, description="Only what belongs to this section.")


class HistoryParameters(HistoryAsked):
    """What of the history of a plan is asked for."""

    section: Section | None = ONLY_OF_SECTION


class ProgramHistoryParameters(HistoryAsked):
    """What of the history of the program is asked for."""

    section: ProgramSection | None = ONLY_OF_SECTION


class BlameAsked(AsOf):
    """Whose values are asked for, whatever the aggregate."""

    section: str | None = None
    kind: str | None = Field(None, max_length=64, description="Only values of things of this kind.")
    id: str | None = Field(None, max_length=300, description="Only values of things with this id.")


class BlameWanted(BlameAsked):
    """Whose values of a plan are asked for."""

    section: Section | None = ONLY_OF_SECTION


class ProgramBlameWanted(BlameAsked):
    """Whose values of the program are asked for."""

    section: ProgramSection | None = ONLY_OF_SECTION


class CutsCompared(AsOf):
    """Which cuts are compared."""

    from_: CutText | None = Field(
        None, alias="from", description=f"{CUT}; if not given, from before the program was opened."
    )
    to: CutText | None = Field(None, description=f"{CUT}: the same as `as_of`.")


class Compared(CutsCompared):
    """Which cuts of a plan are compared."""

    from_: CutText | None = Field(
        None, alias="from", description=f"{CUT}; if not given, the last review held before the other cut."
    )
    states: bool = Field(False, description="Whether to show the whole plan at both cuts as well.")


def _event_name(type: str | None, of: AggregateType[Any]) -> str | None:
    found = event_named(type, of) if type else None
    if type and not found:
        near = did_you_mean(type, [event.__name__ for event in of.events.values()]) or "."
        raise rejected_parameter("type", "invalid-parameters", f"There is no such type of event{near}")
    return found


def _thing_named(text: str | None, of: AggregateType[Any]) -> tuple[str | None, str | None]:
    try:
        return thing_named(text, of)
    except UnknownKind as error:
        raise rejected_parameter("entity", "invalid-parameters", str(error)) from None


# Answers


@dataclass(frozen=True)
class Cuts:
    """The cuts that one request names. `now` is the same in all of them."""

    known: LoadedAggregate[Any]
    now: datetime

    def cut(self, parameter: str, text: str) -> Cut:
        """Return the cut that a parameter names. Raises `Rejected`."""
        with self._blamed_on(parameter):
            return cut_at(text, self.known, self.now)

    def closing(self, asked: HistoryAsked | CutsCompared) -> Cut:
        """Raises `Rejected`."""
        return self.cut("to", asked.to) if asked.to else self.cut("as_of", asked.as_of)

    def version_before(self, text: str | None) -> int:
        """Return the version after which a history begins. Raises `Rejected`."""
        with self._blamed_on("from"):
            return version_before(text, self.known, self.now)

    @contextmanager
    def _blamed_on(self, parameter: str) -> Iterator[None]:
        try:
            yield
        except CutRefused as error:
            raise rejected_parameter(parameter, error.type, str(error)) from None


class Views(Generic[A]):
    """Finds aggregates of a type as they stand now and makes the views of them."""

    def __init__(self, resource: Resource, aggregates: Aggregates[A], heads: Heads, access_log: AccessLog) -> None:
        self.resource = resource
        self._aggregates = aggregates
        self._heads = heads
        self._access_log = access_log
        self._ready = ReadyAnswers()

    def now(self) -> datetime:
        return self._aggregates.now()

    def drop(self, plan_id: UUID) -> None:
        """Drop the ready answers of a plan."""
        self._ready.drop(plan_id)

    def drop_all(self) -> None:
        """Drop everything that is remembered of a log that there is no more."""
        self._aggregates.drop_all()
        self._ready.drop_all()

    @property
    def seen_log(self) -> UUID | None:
        """The id of the log that the last version asked for was from."""
        return self._heads.seen_log

    async def log(self) -> UUID:
        """Return the id of the log that there is now. Raises `StoreUnavailable`."""
        return await self._heads.log()

    def note_read(self, request: Request, plan_id: UUID | None, cut: str | None) -> None:
        """Put a read on record. Raises `AccessLogFull`."""
        caller, view = caller_of(request), request.scope["route"].name
        access = Access(caller.actor, caller.on_behalf_of, caller.role, view, plan_id, cut)
        self._access_log.note(access, request.scope["request_id"])

    async def plan(self, request: Request, plan: str) -> LoadedAggregate[A]:
        """The one that a path names so, if the caller may know of it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        return await self.found(request, {"plan": plan})

    async def found(self, request: Request, named: Mapping[str, str]) -> LoadedAggregate[A]:
        """Return the one that the parameters of a path mean, if the caller may know of it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        caller, type = caller_of(request), self.resource.of
        for id in self.resource.named(named):
            if not await self.may_know(caller, id):
                await self._heads.version(id)  # which takes as long as for one that there is not
                continue
            known = await self.standing(id, request)
            if known.records and caller.sees(known, self._aggregates.now()):
                request.scope["spoken_of"] |= {f"{type.noun}_id": str(id)}
                return known
        return await self._named_otherwise(request, list(self.resource.named(named)))

    async def _named_otherwise(self, request: Request, ids: Sequence[UUID]) -> LoadedAggregate[A]:
        """Return the one that an id of none names, if the caller may know of it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        caller, type = caller_of(request), self.resource.of
        for id in ids:
            other = await run_in_threadpool(self._aggregates.named_by, id)
            if other and await self.may_know(caller, other):
                known = await self.standing(other, request)
                if caller.sees(known, self._aggregates.now()):
                    request.scope["spoken_of"] |= {f"{type.noun}_id": str(other)}
                    return known
        raise type.not_open

    async def may_know(self, caller: Caller, id: UUID) -> bool:
        """Return False if it is certain, without reading the aggregate, that it is none of the caller's: how large it
        is must not show in how long the answer takes. Raises `StoreUnavailable`."""
        return self.resource.of.is_shared or caller.was_named(id)

    def ask(self, id: UUID) -> "Future[int]":
        """Ask for the version of an aggregate, while something else is awaited."""
        return self._heads.ask(id)

    async def standing(
        self, id: UUID, request: Request | None = None, asked: "Future[int] | None" = None
    ) -> LoadedAggregate[A]:
        """Return an aggregate as it stands, whoever asks; without records if there is none. Its version may have been
        `asked` for before.  Raises `StoreUnavailable`, and `TakesLong` for a view of many events."""
        version = await (asked or self._heads.ask(id))
        pass_on_if_long(request, version)
        known = self._aggregates.remembered(id)
        if 0 < known.version < version:
            known = await self._aggregates.refreshed_soon(known) or known
        if known.version != version:
            # Whoever waited for their turn may find that another has read it meanwhile.
            known = await in_turn(
                request, version - known.version, lambda: self._aggregates.refreshed(self._aggregates.remembered(id))
            )
        return known

    def cuts(self, known: LoadedAggregate[A]) -> "Cuts":
        return Cuts(known, self._aggregates.now())

    async def answer(
        self,
        request: Request,
        known: LoadedAggregate[Any],
        make: Callable[[], Any],
        until: Cut,
        *others: Hashable,
        since: Cut | None = None,
        form: Form = "json",
        head: int = 0,
        program: Sequence[Recorded] = (),
    ) -> Response:
        """The view up to a cut, perhaps since another: unchanged, ready, or made now.  The day counts where the cut
        moves with it; a view that judges names the `program` by whose policies it does.

        `head` is the size of the checkpoint that the view shows, or the position on the log of what it shows of the
        program. Raises `CutBeforePlan`, `AccessLogFull`.
        """
        check_there(known, until)
        self.note_read(request, known.id, f"version:{until.version}")
        moves = until.cut == "now" or until.provisional
        struck = until.struck + (since is not None and since.struck)
        tag = etag(
            self._heads.seen_log,
            until.version,
            known.erasures,
            until.date if moves else None,
            form,
            head,
            struck,
            policy_at(program, until).version,
        )
        if is_known(request, tag):
            return unchanged(tag)
        began = since.version if since else None
        view, asked = (known.id, tag, request.scope["path"], began, *others), request.scope["query_string"]
        answer = self._ready.get(view, asked)
        if answer is None:
            work: Work = "folding" if form == "json" else "rendering"
            answer = await in_turn(request, until.version, lambda: _written(make(), request), work)
            self._ready.put(view, asked, answer)
        return answer.with_tag(tag)

    async def page(
        self, request: Request, known: LoadedAggregate[A], wanted: HistoryAsked, filter: history.Filter
    ) -> Response:
        """Answer a page of a history. Raises `Rejected`, `CursorUnknown`, `CutBeforePlan`."""
        cuts = self.cuts(known)
        until = cuts.closing(wanted)
        after = max(version_of(wanted.cursor) if wanted.cursor else 0, cuts.version_before(wanted.from_))
        return await self.answer(
            request, known, lambda: history_page(known, filter, until, after, wanted.limit), until, after
        )


class PlanViews(Views[AccountPlan]):
    """The views of plans, some of which are judged by the policies of the program."""

    def __init__(
        self,
        plans: Aggregates[AccountPlan],
        program: Views[ProgramState],
        portfolio: Portfolio,
        heads: Heads,
        access_log: AccessLog,
    ) -> None:
        super().__init__(PLANS, plans, heads, access_log)
        self._program = program
        self._portfolio = portfolio

    async def may_know(self, caller: Caller, id: UUID) -> bool:
        if await super().may_know(caller, id):
            return True
        if not caller.works_on_plans or self._aggregates.remembered(id).records:
            return caller.works_on_plans
        return not await run_in_threadpool(self._portfolio.knows_to_be_elsewhere, caller.actor, id)

    async def program(self, request: Request | None = None) -> Sequence[Recorded]:
        """Return what is on record of the program; nothing if there is none. Raises `StoreUnavailable`."""
        return (await self._program.standing(PROGRAM_ID, request)).records

    async def judged(self, request: Request, plan: str) -> tuple[LoadedPlan, Sequence[Recorded]]:
        """Return a plan as `plan` finds it, and the program by whose policies it is judged, asked for at the same
        time."""
        version = self._program.ask(PROGRAM_ID)
        try:
            known = await self.plan(request, plan)
        except BaseException:
            version.cancel()
            raise
        return known, (await self._program.standing(PROGRAM_ID, request, version)).records


def _written(view: Any, request: Request) -> Answer:
    if isinstance(view, Answer):
        return view
    return Answer(to_json(view, by_alias=True), at_cursor(request, getattr(view, "next", None)))


def check_ever_was(known: LoadedAggregate[Any], kind: str, id: str) -> None:
    """Raises `Rejected` where the aggregate never had such a thing."""
    things = known.type.things
    named = known.state.named(kind, id) if kind in things else None
    if not named and not any((kind, id) in history.concerned(record, known.records) for record in known.records):
        if kind not in things:
            near = did_you_mean(kind, things) or f": there are {listed(list(things))}."
            raise Rejected(404, "unknown-kind", f"There is no such kind of thing in {known.type.noun}s{near}")
        raise Rejected(404, f"unknown-{kind}", f"There never was such a thing in this {known.type.noun}.")


Asked = TypeVar("Asked", bound=AsOf)


def in_query(model: type[Asked]) -> Callable[[Any], Asked]:
    """Reads such a model out of the query."""

    def read(asked: Any) -> Asked:
        found: Asked = asked
        return found

    read.__annotations__["asked"] = Annotated[model, Query()]
    return read


def life_routes(
    api: APIRouter,
    views: Views[A],
    find: Callable[..., Awaitable[LoadedAggregate[A]]],
    history_asked: type[HistoryAsked],
    blame_asked: type[BlameAsked],
    prefix: str = "",
) -> None:
    """The routes that every aggregate has: its history, the life of one thing, and who set what.

    `find` is what finds the aggregate of a request; `prefix` tells the names of these routes from those of others.
    """
    of = views.resource.of
    view, list_view = documented(views.resource.view), documented(views.resource.view, LINK)

    @api.get(
        "/history",
        response_model=HistoryPage,
        name=f"read_{prefix}history",
        summary="Who did what when, what it changed, and why",
        **list_view,
    )
    async def read_history(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        wanted: Annotated[HistoryAsked, Depends(in_query(history_asked))],
    ) -> Response:
        return await views.page(request, known, wanted, wanted.filter(of))

    @api.get(
        "/entities/{kind}/{id}/history",
        response_model=HistoryPage,
        name=f"read_{prefix}entity_history",
        summary="The life of one stakeholder, play, risk …" if not prefix else "The life of one round, library play …",
        **list_view,
    )
    async def read_entity_history(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        kind: Annotated[str, Path(description=f"What it is called: {', '.join(f'`{noun}`' for noun in of.things)}.")],
        id: Annotated[str, Path(description="Its id.")],
        wanted: Annotated[HistoryAsked, Depends(in_query(history_asked))],
    ) -> Response:
        check_ever_was(known, kind, id)
        filter = wanted.filter(of).model_copy(update={"kind": kind, "id": id})
        return await views.page(request, known, wanted, filter)

    @api.get(
        "/blame",
        response_model=BlameList,
        name=f"read_{prefix}blame",
        summary="For every current value: who set it, when and why",
        **view,
    )
    async def read_blame(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        asked: Annotated[BlameAsked, Depends(in_query(blame_asked))],
    ) -> Response:
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(
            request, known, lambda: blame_list(known, cut, asked.section, asked.kind, asked.id), cut
        )


def routes(views: PlanViews) -> APIRouter:
    api = APIRouter(prefix=PLANS.path, tags=["views"])

    async def find(request: Request, plan: PlanPath) -> LoadedPlan:
        return await views.plan(request, plan)

    @api.get("", response_model=CurrentPlan, summary="The plan as it stands, or as it stood at a cut", **QUERY)
    async def read_plan(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: current_plan(known, cut, program), cut, program=program)

    @api.get("/findings", response_model=FindingsView, summary="What is wrong with the plan, and what ends it", **QUERY)
    async def read_findings(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: findings_view(known, cut, program), cut, program=program)

    life_routes(api, views, find, HistoryParameters, BlameWanted)

    @api.get("/diff", response_model=changes.Diff, summary="What differs between two cuts", **QUERY)
    async def read_diff(request: Request, plan: PlanPath, asked: Annotated[Compared, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cuts = views.cuts(known)
        b = cuts.closing(asked)
        a = cuts.cut("from", asked.from_ or review_before(known, b))
        return await views.answer(
            request, known, lambda: changes.diff(known, a, b, asked.states, program), b, since=a, program=program
        )

    @api.get("/reviews", response_model=ReviewList, summary="The reviews, which are cuts of the plan", **QUERY)
    async def read_reviews(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known = await views.plan(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: review_list(known, cut), cut)

    return api
