"""The page on which a review is held: open it, save a draft, preview the report, and hold the review."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.commands import CommandEndpoints
from adapters.http.requests import context
from adapters.privacy.drafts import Drafts
from adapters.web.forms.form import FormData
from adapters.web.forms.loaded_once import given_in, to_address_with_key
from adapters.web.forms.sending import meanwhile, recorded_already, version_in
from adapters.web.guard import KEY, MOST_FIELDS, PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.plan.presenter import Value, plan_path
from adapters.web.review.presenter import AgendaLine, review_page
from adapters.web.review.typed import Mistake, TypedCommand, commands_of, typed_commands, well_formed
from application.aggregates.handle import CommandRefused, KeyReused, VersionConflict
from application.aggregates.preview import preview
from application.reports.said_vs_did import Report, said_vs_did
from application.views.cuts import cut_at
from application.views.reviews import held_reviews, last_review
from domain.account_plan.plan import the_plan
from domain.account_plan.reviews import ReviewKind
from domain.language import Caution, Command, Refusal
from domain.program.agendas import Agenda

FORM = "review"
MOST_LEFT_OUT = 20
"""So many things that would be refused are left out of what is looked ahead to: they are still being typed."""


class ReviewPages:
    def __init__(self, pages: PlanPages, desk: CommandEndpoints, drafts: Drafts, make_id: Callable[[], UUID]) -> None:
        self._pages = pages
        self._desk = desk
        self._drafts = drafts
        self._make_id = make_id

    async def open(self, request: Request) -> Response:
        """Show the page, with the draft of the reader if there is one."""
        asked, actor = await self._pages.asked(request), visitor_of(request).caller.actor
        if elsewhere := to_address_with_key(request, self._make_id):
            return elsewhere

        def shown() -> Response:
            kept = self._drafts.find(actor, asked.known.id, FORM, asked.now)
            given = FormData(kept) if kept else given_in(request)
            return self._shown(asked, given, is_draft=kept is not None, key=request.query_params[KEY])

        return await run_in_threadpool(shown)

    async def save(self, request: Request) -> Response:
        """Save what is typed. A script does so every few seconds, and a button at any time."""
        asked, data = await self._sent(request)
        actor = visitor_of(request).caller.actor
        try:
            await run_in_threadpool(self._drafts.save, actor, asked.known.id, FORM, data.pairs, asked.now)
        except ValueError as error:
            return Response(str(error), 413, media_type="text/plain")
        if request.headers.get("accept", "").startswith("text/html"):
            return RedirectResponse(f"{plan_path(the_plan(asked.known.state))}/review", 303)
        return Response(status_code=204)

    async def look_ahead(self, request: Request) -> Response:
        """Preview what the report would say, and which new promises are vague."""
        asked, data = await self._sent(request)
        return await run_in_threadpool(self._shown, asked, data)

    async def drop(self, request: Request) -> Response:
        asked, _ = await self._sent(request)
        await run_in_threadpool(self._drafts.drop, visitor_of(request).caller.actor, asked.known.id, FORM)
        return RedirectResponse(f"{plan_path(the_plan(asked.known.state))}/review", 303)

    async def hold(self, request: Request) -> Response:
        """Record everything, all or nothing."""
        asked, data = await self._sent(request)
        typed = typed_commands(data, asked.cut.date)
        commands, mistakes = commands_of(typed, asked.say)
        if mistakes:
            return await run_in_threadpool(self._shown, asked, data, mistakes, 422)
        try:
            return await self._held(request, asked, data, commands)
        except CommandRefused as error:
            refused = [_refused(typed, error.place, error.refusal, asked.say)]
            return await run_in_threadpool(self._shown, asked, data, refused, 409)
        except Refusal as refusal:
            return await run_in_threadpool(self._shown, asked, data, [_refused(typed, -1, refusal, asked.say)], 409)
        except VersionConflict as conflict:
            changed = [Mistake("", line) for line in meanwhile(conflict, asked.say)]
            return await run_in_threadpool(self._shown, await self._pages.asked(request), data, changed, 412)
        except KeyReused:
            again = [Mistake("", recorded_already(asked.say))]
            return await run_in_threadpool(self._shown, asked, data, again, 422)

    async def _held(
        self,
        request: Request,
        asked: PlanRequest,
        data: FormData,
        commands: Sequence[Command],
    ) -> Response:
        caller = visitor_of(request).caller
        seen = version_in(data)
        key = data.get(KEY) or None
        outcome = await self._desk.carry_out(request, "commands", commands, context(request, caller, "ui"), seen, key)
        await run_in_threadpool(self._drafts.drop, caller.actor, asked.known.id, FORM)
        held = outcome.done[-1].id
        return RedirectResponse(f"{plan_path(the_plan(asked.known.state))}/said-vs-did?to=review:{held}", 303)

    async def _sent(self, request: Request) -> tuple[PlanRequest, FormData]:
        asked = await self._pages.asked(request)
        form = await request.form(max_fields=MOST_FIELDS)
        return asked, FormData([(name, str(value)) for name, value in form.multi_items()])

    def _shown(
        self,
        asked: PlanRequest,
        data: FormData,
        mistakes: Sequence[Mistake] = (),
        status: int = 200,
        is_draft: bool = False,
        key: str = "",
    ) -> Response:
        report, warnings = self._ahead(asked, data) if len(data) and not mistakes else (None, [])
        page = review_page(
            asked.known, asked.cut, data, asked.say, key or str(self._make_id()), mistakes, report, warnings, is_draft,
            partial(_usual_agenda, asked),
        )  # fmt: skip
        return self._pages.rendered(asked, "review/page.html", page, status)

    def _ahead(self, asked: PlanRequest, data: FormData) -> tuple[Report | None, list[tuple[str, Caution]]]:
        """Return the report from the last review of the kind to this one, as far as it is known yet."""
        fit, actor = well_formed(typed_commands(data, asked.cut.date)), visitor_of(asked.request).caller.actor
        for _ in range(MOST_LEFT_OUT):
            try:
                after, done = preview(asked.known, [each for _, each in fit], asked.now, actor, self._make_id)
                break
            except CommandRefused as error:
                del fit[error.place]
        else:
            return None, []
        warnings = [
            (each.prefix, caution) for (each, _), told in zip(fit, done, strict=True) for caution in told.warnings
        ]
        kind = data.get("hold-kind")
        before = last_review(each for each in held_reviews(asked.known, asked.cut) if each.event.kind == kind)
        if before is None:
            return None, warnings
        return said_vs_did(after, before.cut, cut_at("now", after, asked.now), asked.program), warnings


def _usual_agenda(asked: PlanRequest, kind: ReviewKind) -> list[AgendaLine]:
    """Return the agenda that the program has for reviews of a kind; nothing if there is none."""
    agenda = asked.practice.state.find(Agenda, kind)
    if agenda is None or agenda.ending:
        return []
    address = asked.who_set((agenda.noun, kind, "items"))
    return [AgendaLine(Value(item.topic, address), item.minutes) for item in agenda.items]


def _refused(typed: Sequence[TypedCommand], place: int, refusal: Refusal, say: Speech) -> Mistake:
    return Mistake(f"{typed[place].prefix}{refusal.pointer.replace('/', '-')}", say.refusal(refusal))


def routes(
    plan_pages: PlanPages, desk: CommandEndpoints, drafts: Drafts, guard: PageGuard, make_id: Callable[[], UUID]
) -> list[Route]:
    pages = ReviewPages(plan_pages, desk, drafts, make_id)
    return [
        guard.page("/plans/{plan}/review", pages.open, "command", "review-page"),
        guard.page("/plans/{plan}/review", pages.hold, "command", "review-held", "POST"),
        guard.page("/plans/{plan}/review/draft", pages.save, "command", "review-draft", "POST"),
        guard.page("/plans/{plan}/review/draft/drop", pages.drop, "command", "review-draft-dropped", "POST"),
        guard.page("/plans/{plan}/review/ahead", pages.look_ahead, "command", "review-ahead", "POST"),
    ]
