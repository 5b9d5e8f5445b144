"""Said versus did over HTTP: for one plan between two cuts, and across plans for a month."""

from collections.abc import AsyncIterator, Hashable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.budgets import budgets_of, in_turn
from adapters.http.conditional import CACHING, Answer, is_known, log_tag, unchanged
from adapters.http.forwarding import forward
from adapters.http.problems import rejected_parameter
from adapters.http.report_forms import FORMED_QUERY, ReportResponder, form_asked
from adapters.http.requests import caller_of
from adapters.http.view_queries import CUT, CutText, PlanPath
from adapters.http.views import PlanViews
from adapters.rendering.document import Form
from adapters.rendering.streamed import written
from application.aggregates.access import Caller
from application.proof.checkpoints import LogHead
from application.proof.ports import LogTree
from application.reports.month_report import MonthReport, MonthReportBuilder
from application.reports.months import Month, month_named
from application.reports.ports import Histories, KeptMonths
from application.reports.said_vs_did import Report, cuts_meant, last_position, said_vs_did
from application.views.cuts import CutRefused
from domain.account_plan.plan import Tier

MINUTES_OF_A_DAY_BEGINNING = 15
"""Days begin at quarters of an hour in every time zone, so a report of the current month may change that often."""


FORMAT = "The form of the answer; if not given, what `Accept` likes best."
VARY = "Authorization, Accept"


K = TypeVar("K")
V = TypeVar("V")


class RecentValues(Generic[K, V]):
    """A bounded cache, which drops the values that were stored first."""

    def __init__(self, most: int = 4_096) -> None:
        self._most = most
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def keep(self, key: K, value: V) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        while len(self._values) > self._most:
            del self._values[next(iter(self._values))]


class ReportLookups:
    """What it takes to find a report that is ready: which two cuts a question means, and the first checkpoint over a
    position. Neither changes on one log."""

    def __init__(self) -> None:
        self.cuts = RecentValues[tuple[Hashable, ...], tuple[str, str]]()
        self.heads = RecentValues[tuple[UUID | None, int], LogHead]()


class Period(BaseModel):
    """The cuts to compare; by default, the last two held reviews of the same kind."""

    model_config = ConfigDict(extra="forbid")

    from_: CutText | None = Field(
        None, alias="from", description=f"{CUT}; if not given, the review before, of the same kind where `to` is one."
    )
    to: CutText | None = Field(None, description=f"{CUT}; if only `from` is given, now.")
    as_of: CutText | None = Field(None, description="The same as `to`.")
    format: Form | None = Field(None, description=FORMAT)


class MonthReportQuery(BaseModel):
    """Which month, and which plans."""

    model_config = ConfigDict(extra="forbid")

    month: str = Field(max_length=20, examples=["2026-03"], description="The calendar month.")
    owner: str | None = Field(
        None, max_length=128, description="Only plans that this person owned at the end of the month."
    )
    tier: Tier | None = Field(None, description="Only plans that were of this tier at the end of the month.")
    format: Form | None = Field(None, description=FORMAT)


def routes(
    views: PlanViews, histories: Histories, kept_months: KeptMonths, tree: LogTree, forms: ReportResponder
) -> APIRouter:
    api = APIRouter(prefix="/v1", tags=["reports"])
    remembered = ReportLookups()

    @api.get(
        "/plans/{plan}/said-vs-did",
        response_model=Report,
        summary="What was said, and what was done since",
        **FORMED_QUERY,
    )
    async def read_said_vs_did(request: Request, plan: PlanPath, asked: Annotated[Period, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        form = form_asked(request, asked.format)
        cuts = views.cuts(known)
        closing = asked.to or asked.as_of
        if closing:
            cuts.cut("to" if asked.to else "as_of", closing)
        log = request.scope["rests_on"].log
        question = log, known.id, known.version, known.erasures, cuts.now.date(), asked.from_, closing
        meant = remembered.cuts.get(question)
        if meant is None:
            meant = await in_turn(request, known.version, lambda: cuts_meant(known, cuts.now, asked.from_, closing))
            remembered.cuts.keep(question, meant)
        a, b = cuts.cut("from", meant[0]), cuts.cut("to", meant[1])

        position = last_position(known, b)
        head = remembered.heads.get((log, position)) or await run_in_threadpool(tree.head_over, position)
        if head:  # The first checkpoint over a position never changes.
            remembered.heads.keep((log, position), head)

        def made() -> Answer:
            report = said_vs_did(known, a, b, program).model_copy(update={"log_head": head})
            return forms.formed("said-vs-did", form, report, report.plan)

        covered = head.size if head else 0
        more: Any = {"form": form, "head": covered, "program": program, "settled": head is not None}
        answer = await views.answer(request, known, made, b, *meant, since=a, **more)
        answer.headers["Vary"] = VARY
        return answer

    @api.get(
        "/reports/said-vs-did",
        response_model=MonthReport,
        summary="What was said and done in a month, across plans",
        **FORMED_QUERY,
    )
    async def read_month(request: Request, asked: Annotated[MonthReportQuery, Query()]) -> Response:
        forward(request)
        caller, form, now = caller_of(request), form_asked(request, asked.format), views.now()
        views.note_read(request, None, None)
        try:
            month = month_named(asked.month, now)
        except CutRefused as error:
            raise rejected_parameter("month", error.type, str(error)) from None
        state, log = await run_in_threadpool(kept_months.state, month, now, caller), await views.log()
        if state is None:
            tag = month_tag(log, await run_in_threadpool(histories.last_position), month, now, form, caller)
        else:
            tag = f'"{state}{f".{form}" if form != "json" else ""}.{log_tag(log)}"'
        if is_known(request, tag):
            return unchanged(tag)
        budgets = budgets_of(request)
        making = MonthReportBuilder(month, now, asked.owner, asked.tier, await views.program())
        plans = (
            (making.add(known) for known in histories.histories() if caller.sees(known, now))
            if state is None
            else (making.add_kept(*kept) for kept in kept_months.kept(month, caller))
        )
        parts = written(making, plans, histories.history)
        if form != "json":
            made = await budgets.do(
                "rendering", caller.actor, lambda: forms.formed("month", form, b"".join(parts), str(month))
            )
            answer = made.with_tag(tag)
            answer.headers["Vary"] = VARY
            return answer
        streamed = budgets.parts("folding", caller.actor, parts)
        # The first part is made before the answer begins, so that an error of the store can still be reported.
        first = await anext(streamed)
        headers = {"ETag": tag, **CACHING, "Vary": VARY}
        return StreamingResponse(after(first, streamed), headers=headers, media_type="application/json")

    return api


async def after(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the first part again, then the others."""
    yield first
    async for part in others:
        yield part


def month_tag(log: UUID, position: int, month: Month, now: datetime, form: Form, caller: Caller) -> str:
    """Return the ETag of a month report that is computed from histories.

    It consists of the position of the log, the form and the caller's plans. While the month goes on, or if the caller's
    plans depend on team membership, the time counts too, because a day may begin in some time zone.
    """
    minute = now.minute - now.minute % MINUTES_OF_A_DAY_BEGINNING
    days_count = caller.works_on_plans or not month.is_over(now)
    going_on = f".{now:%Y-%m-%dT%H}:{minute:02}" if days_count else ""
    formed = f".{form}" if form != "json" else ""
    return f'"{position}{going_on}{formed}{scope_tag(caller)}.{log_tag(log)}"'


def scope_tag(caller: Caller) -> str:
    """Return the part of an ETag that stands for the caller's plans; nothing for a caller who sees all plans."""
    if caller.plans is None:
        return ""
    who = [caller.actor] if caller.works_on_plans else []
    named = [*who, *sorted(map(str, caller.plans))]
    return f".{sha256(' '.join(named).encode()).hexdigest()[:16]}"
