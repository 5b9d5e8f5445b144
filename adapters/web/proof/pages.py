"""The page of proofs: the head of the log, its checkpoints, their verification, and audit bundles."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock, Thread
from urllib.parse import quote, urlencode

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.app import Services
from adapters.http.budgets import budgets_of
from adapters.rendering.words import NOTHING
from adapters.web.choices import Choices, Known
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.pages import PlanPages
from adapters.web.templates import render, speech_of
from application.aggregates.ports import StoreUnavailable
from application.proof.checkpoints import KeptCheckpoint
from application.proof.ports import KnownWitness, LogAltered, LogTree, LogVerified, NoCheckpointYet, VerifyLog

MOST_CHECKPOINTS = 50
SECONDS_BETWEEN_LOOKS = "1"


@dataclass(frozen=True)
class CheckpointRow:
    sealed_at: str
    events: str
    root: str


@dataclass(frozen=True)
class WitnessRow:
    name: str
    has: str
    """How many events it is known to have under a checkpoint."""
    told_at: str
    state: str
    tone: str
    sign: str


@dataclass(frozen=True)
class Standing:
    """The progress of a verification, or its result."""

    words: str
    tone: str = ""
    sign: str = ""
    done: int = 0
    total: int = 0
    is_running: bool = False


@dataclass(frozen=True)
class ProofView:
    latest: KeptCheckpoint | None
    checkpoints: Sequence[CheckpointRow]
    witnesses: Sequence[WitnessRow]
    verified: Standing | None
    may_verify: bool
    may_bundle: bool
    choices: Choices | None
    """The plans of which a bundle can be made."""


class Verification:
    """Verifies the log in the background, once at a time, and remembers the last result."""

    def __init__(self, verify: VerifyLog) -> None:
        self._verify = verify
        self._lock = Lock()
        self._running: Thread | None = None
        self._progress = (0, 0)
        self._found: LogVerified | str | None = None

    def begin(self) -> None:
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._found, self._progress = None, (0, 0)
                self._running = Thread(target=self._run, daemon=True, name="verifying the log")
                self._running.start()

    def _run(self) -> None:
        try:
            self._found = self._verify(self._note)
        except (LogAltered, StoreUnavailable) as error:
            self._found = str(error)

    def _note(self, done: int, total: int) -> None:
        self._progress = (done, total)

    def standing(self, say: Speech) -> Standing | None:
        """The state; None before the first verification."""
        found, (done, total) = self._found, self._progress
        if found is None:
            if self._running is None:
                return None
            words = say("{done} of {total} events", done=say.number(done), total=say.number(total))
            return Standing(words, done=done, total=max(total, 1), is_running=True)
        if isinstance(found, str):
            return Standing(found, "bad", "×")
        words = say(
            "As they were signed: {events} events of {plans} plans, under {checkpoints} checkpoints. Not under one yet:"
            " {rest}.",
            events=say.number(found.covered),
            plans=say.number(found.plans),
            checkpoints=say.number(found.checkpoints),
            rest=say.number(found.not_covered),
        )
        return Standing(words, "good", "●")


def checkpoint_row(kept: KeptCheckpoint, say: Speech) -> CheckpointRow:
    return CheckpointRow(say.instant(kept.sealed_at), say.number(kept.size), kept.said.root.hex())


def witness_row(known: KnownWitness, latest: KeptCheckpoint | None, say: Speech) -> WitnessRow:
    state, tone, sign = say("has the latest"), "good", "●"
    if known.failing_since:
        state, tone, sign = say("nothing has arrived since {at}", at=say.instant(known.failing_since)), "bad", "×"
    elif known.told_size is None or (latest and known.told_size < latest.size):
        state, tone, sign = say("is being told"), "quiet", "…"
    return WitnessRow(
        name=known.name,
        has=NOTHING if known.told_size is None else say.number(known.told_size),
        told_at=say.instant(known.told_at) if known.told_at else say("never"),
        state=state,
        tone=tone,
        sign=sign,
    )


def routes(services: Services, plans: PlanPages, known: Known, guard: PageGuard) -> list[Route]:
    tree: LogTree = services.tree
    verification = Verification(services.verify_log) if services.verify_log else None

    async def page(request: Request) -> Response:
        say, audits = speech_of(request), visitor_of(request).caller.may("audit")
        may_verify, may_bundle = audits and verification is not None, audits and services.make_bundle is not None
        try:
            latest = await run_in_threadpool(tree.latest)
        except NoCheckpointYet:
            latest = None
        rows = [checkpoint_row(each, say) for each in await run_in_threadpool(tree.checkpoints, MOST_CHECKPOINTS)]
        standing = verification.standing(say) if verification and may_verify else None
        told = [witness_row(each, latest, say) for each in await run_in_threadpool(services.witnesses.all)]
        choices = await run_in_threadpool(known.choices, visitor_of(request).caller) if may_bundle else None
        view = ProofView(latest, rows, told, standing, may_verify, may_bundle, choices)
        answer = render(request, "proof/page.html", view=view)
        if standing and standing.is_running:
            answer.headers["Refresh"] = SECONDS_BETWEEN_LOOKS
        return answer

    async def verify(_: Request) -> Response:
        if verification is None:
            raise NoSuchPage("This process does not hold the key of the log: use `plantrail verify`.")
        verification.begin()
        return RedirectResponse("/proof", 303)

    async def choose(request: Request) -> Response:
        """Lead to the bundle of the plan that was typed, as of the day that was chosen."""
        plan, on = (request.query_params.get(name, "").strip() for name in ("plan", "on"))
        plan = await run_in_threadpool(known.account_id, plan, visitor_of(request).caller)
        as_of = f"?{urlencode({'as_of': on})}" if on else ""
        return RedirectResponse(f"/plans/{quote(plan, safe='')}/bundle{as_of}" if plan else "/proof", 303)

    async def bundle(request: Request) -> Response:
        """Return a ZIP file that proves the plan's history to somebody who does not trust us."""
        make = services.make_bundle
        if make is None:
            raise NoSuchPage("This process does not hold the key of the log: use `plantrail audit-bundle`.")
        asked = await plans.asked(request)
        made = partial(make, asked.known, asked.cut, asked.now)
        content = await budgets_of(request).do("gathering", visitor_of(request).caller.actor, made)
        name = f"{asked.head.account_id}-{asked.cut.version}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, headers=headers, media_type="application/zip")

    return [
        guard.page("/proof", page, "witness", "proof-page"),
        guard.page("/proof/bundle", choose, "audit", "audit-bundle-chosen"),
        guard.page("/proof/verify", verify, "audit", "log-verified", "POST"),
        guard.page("/plans/{plan}/bundle", bundle, "audit", "audit-bundle"),
    ]
