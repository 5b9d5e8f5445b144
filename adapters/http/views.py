"""Views of aggregates at any cut, for callers who may see them. Answers that were made before are served as the same
bytes."""

from asyncio import Future
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json

from adapters.access.access_log import Access, AccessLog
from adapters.http.budgets import Work, in_turn
from adapters.http.conditional import Answer, ReadyAnswers, at_cursor, etag, is_known, unchanged
from adapters.http.forwarding import forward_if_slow
from adapters.http.problems import rejected_parameter
from adapters.http.requests import caller_of
from adapters.http.resources import PLANS, Resource
from adapters.http.reusable_answers import PlanConditions, RestsOn
from adapters.http.view_queries import DiffQuery, HistoryQuery
from adapters.rendering.document import Form
from application.aggregates.access import Caller
from application.aggregates.handle import Aggregates
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.ports import Heads
from application.portfolio.ports import Portfolio
from application.portfolio.theirs import may_know_at_once
from application.views import history
from application.views.cuts import Cut, CutRefused, check_there, cut_at
from application.views.list_cursors import version_of
from application.views.loaded_plan import LoadedPlan
from application.views.pages import (
    history_page,
    version_before,
)
from application.views.policy_in_force import policy_at
from domain.account_plan.language import AccountPlan
from domain.aggregates import A
from domain.program.charter import PROGRAM_ID
from domain.program.language import ProgramState
from domain.record import Recorded


@dataclass(frozen=True)
class Cuts:
    """The cuts that one request names. `now` is the same instant for all of them."""

    known: LoadedAggregate[Any]
    now: datetime

    def cut(self, parameter: str, text: str) -> Cut:
        """Return the cut that a parameter names. Raises `Rejected`."""
        with self._blamed_on(parameter):
            return cut_at(text, self.known, self.now)

    def closing(self, asked: HistoryQuery | DiffQuery) -> Cut:
        """Return the cut at which the view ends: `to` if it is given, else `as_of`. Raises `Rejected`."""
        return self.cut("to", asked.to) if asked.to else self.cut("as_of", asked.as_of)

    def version_before(self, text: str | None) -> int:
        """Return the version after which a history begins; 0 if `from` is not given. Raises `Rejected`."""
        with self._blamed_on("from"):
            return version_before(text, self.known, self.now)

    @contextmanager
    def _blamed_on(self, parameter: str) -> Iterator[None]:
        try:
            yield
        except CutRefused as error:
            raise rejected_parameter(parameter, error.type, str(error)) from None


class Views(Generic[A]):
    """Finds the current aggregates of one type and makes views of them."""

    def __init__(self, resource: Resource, aggregates: Aggregates[A], heads: Heads, access_log: AccessLog) -> None:
        self.resource = resource
        self._aggregates = aggregates
        self._heads = heads
        self._access_log = access_log
        self._ready = ReadyAnswers()

    def now(self) -> datetime:
        return self._aggregates.now()

    def drop(self, plan_id: UUID) -> None:
        """Drop the cached answers of a plan."""
        self._ready.drop(plan_id)

    def drop_all(self) -> None:
        """Drop everything that is cached, because another log has replaced the one it came from."""
        self._aggregates.drop_all()
        self._ready.drop_all()

    async def log(self) -> UUID:
        """Return the id of the current log. Raises `StoreUnavailable`."""
        return await self._heads.log()

    def note_read(self, request: Request, plan_id: UUID | None, cut: str | None) -> None:
        """Record a read in the access log. Raises `AccessLogFull`."""
        caller, view = caller_of(request), request.scope["route"].name
        access = Access(caller.actor, caller.on_behalf_of, caller.role, view, plan_id, cut)
        self._access_log.note(access, request.scope["request_id"])

    async def plan(self, request: Request, plan: str) -> LoadedAggregate[A]:
        """Return the aggregate that `plan` names in a path, if the caller may see it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        return await self.found(request, {"plan": plan})

    async def found(self, request: Request, named: Mapping[str, str]) -> LoadedAggregate[A]:
        """Return the aggregate that the parameters of a path name, if the caller may see it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        caller, type = caller_of(request), self.resource.of
        for id in self.resource.named(named):
            if not await self.may_know(caller, id):
                # This takes as long as for a plan that does not exist, so that the time does not reveal that it does.
                await self._heads.version(id)
                continue
            known = await self.standing(id, request)
            if known.records and caller.sees(known, self._aggregates.now()):
                request.scope["log_fields"] |= {f"{type.noun}_id": str(id)}
                return known
        return await self._named_otherwise(request, list(self.resource.named(named)))

    async def _named_otherwise(self, request: Request, ids: Sequence[UUID]) -> LoadedAggregate[A]:
        """Return the aggregate for which one of these ids is an alias, if the caller may see it.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        caller, type = caller_of(request), self.resource.of
        for id in ids:
            other = await run_in_threadpool(self._aggregates.named_by, id)
            if other and await self.may_know(caller, other):
                known = await self.standing(other, request)
                if caller.sees(known, self._aggregates.now()):
                    request.scope["log_fields"] |= {f"{type.noun}_id": str(other)}
                    return known
        raise type.not_open

    async def may_know(self, caller: Caller, id: UUID) -> bool:
        """Return False if the caller certainly may not see the aggregate. It is not read for that, so that its size
        does not show in the time the answer takes. Raises `StoreUnavailable`."""
        return self.resource.of.is_shared or caller.was_named(id)

    def ask(self, id: UUID) -> "Future[int]":
        """Begin to look up the version of an aggregate. The caller can await something else meanwhile."""
        return self._heads.ask(id)

    async def standing(
        self, id: UUID, request: Request | None = None, asked: "Future[int] | None" = None
    ) -> LoadedAggregate[A]:
        """Return the current state of an aggregate without checking any rights; it has no records if it does not exist.

        `asked` is a look-up of its version that was begun before. Raises `StoreUnavailable`, and `SlowRequest` for a
        view of many events that another process answers.
        """
        now = self.now()
        version = await (asked or self._heads.ask(id))
        if request is not None:  # the first that the answer rests on
            request.scope.setdefault("rests_on", RestsOn(now, self._heads.seen_log))
        forward_if_slow(request, version)
        known = self._aggregates.remembered(id)
        if 0 < known.version < version:
            known = await self._aggregates.refreshed_async(known) or known
        if known.version != version:
            # Another request may have read it while this one waited.
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
        settled: bool = True,
        work: Work = "folding",
    ) -> Response:
        """Answer with the view up to a cut, perhaps since another: 304, a cached answer, or one that `make` makes now.

        The day is part of the ETag if the cut moves with it. A view that findings judge names the `program` whose
        policies apply. `head` is the size of the checkpoint that the view shows, or the position on the log of what it
        shows of the program. A view is `settled` if nothing else can change it on one day. `work` is the
        class of work that makes the JSON. Raises `CutBeforePlan`, `AccessLogFull`, `TooMuchAtOnce`.
        """
        check_there(known, until)
        self.note_read(request, known.id, f"version:{until.version}")
        moves = until.still_moves
        struck = until.struck + (since is not None and since.struck)
        rests_on: RestsOn = request.scope["rests_on"]
        tag = etag(
            rests_on.log,
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
            made_by: Work = work if form == "json" else "rendering"
            answer = await in_turn(request, until.version, lambda: _written(make(), request), made_by)
            self._ready.put(view, asked, answer)
        if settled and known.id == next(iter(self.resource.named(request.path_params))):
            cut = f"version:{until.version}"
            request.scope["grounds"] = PlanConditions.with_answer(
                self._heads, self._aggregates.now, self.note_read, known, cut, tag, answer, request.scope
            )
        return answer.with_tag(tag)

    async def page(
        self, request: Request, known: LoadedAggregate[A], wanted: HistoryQuery, filter: history.Filter
    ) -> Response:
        """Answer with a page of a history. Raises `Rejected`, `CursorUnknown`, `CutBeforePlan`."""
        cuts = self.cuts(known)
        until = cuts.closing(wanted)
        after = max(version_of(wanted.cursor) if wanted.cursor else 0, cuts.version_before(wanted.from_))
        return await self.answer(
            request, known, lambda: history_page(known, filter, until, after, wanted.limit), until, after
        )


class PlanViews(Views[AccountPlan]):
    """The views of plans. The policies of the program judge some of them."""

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
        known = may_know_at_once(caller, id, self._aggregates)
        if known is not None:
            return known
        return not await run_in_threadpool(self._portfolio.knows_not_on_team, caller.actor, id)

    async def program(self, request: Request | None = None) -> Sequence[Recorded]:
        """Return the records of the program; none if it does not exist. Raises `StoreUnavailable`."""
        return (await self._program.standing(PROGRAM_ID, request)).records

    async def judged(self, request: Request, plan: str) -> tuple[LoadedPlan, Sequence[Recorded]]:
        """Return a plan as `plan` does, and the records of the program whose policies judge it. Both are read
        concurrently."""
        version = self._program.ask(PROGRAM_ID)
        try:
            known = await self.plan(request, plan)
        except BaseException:
            version.cancel()
            raise
        program = await self._program.standing(PROGRAM_ID, request, version)
        request.scope["judged_by"] = program.version
        return known, program.records


def _written(view: Any, request: Request) -> Answer:
    if isinstance(view, Answer):
        return view
    return Answer(to_json(view, by_alias=True), at_cursor(request, getattr(view, "next", None)))
