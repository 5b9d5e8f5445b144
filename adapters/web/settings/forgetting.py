"""Forgetting a stakeholder: the page first shows what would be destroyed and what would remain, then does it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.commands import CommandEndpoints
from adapters.http.erasures import ForgettingPreview, preview_of
from adapters.http.views import PlanViews
from adapters.rendering.words import spaced
from adapters.web.addresses import address
from adapters.web.choices import Known
from adapters.web.forms.form import FormData
from adapters.web.forms.sending import NotRecorded, send
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.asked import AggregateRequest
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.forgetting import ForgetStakeholder
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.account_plan.stakeholders import Stakeholder
from domain.folding import folded
from domain.language import FORGOTTEN

HERE = f"{PATH}/erasures"


@dataclass(frozen=True)
class TraceRow:
    """Events of one kind that contain text about the person."""

    event: str
    number: str
    fields: str
    others: str
    """The people whose text stands beside it; for what remains, the people who must be forgotten to remove it."""


@dataclass(frozen=True)
class ForgettingShown:
    """What forgetting a person would do. It contains none of their text."""

    ids: str
    on_hold: bool
    gone: Sequence[TraceRow]
    left: Sequence[TraceRow]
    summary: str


@dataclass(frozen=True)
class ForgetPage:
    tabs: Sequence[Tab]
    plan: str
    id: str
    account_name: str
    preview: ForgettingShown | None
    version: int
    key: str
    errors: Sequence[str]
    reason: str
    path: str
    whom: Sequence[tuple[str, str]]
    """Who could be forgotten, if nobody was chosen yet."""


def forgetting_shown(preview: ForgettingPreview, say: Speech) -> ForgettingShown:
    gone, left = preview.traces.gone, preview.traces.left
    return ForgettingShown(
        ids=", ".join(preview.ids),
        on_hold=preview.on_hold,
        gone=_rows(((each.type, each.fields, each.others) for each in gone), say),
        left=_rows(((each.type, each.fields, each.sealed_for) for each in left), say),
        summary=say(
            "Words of {gone} events go, for ever and in every past. {left} events name them in words that stay.",
            gone=say.number(len(gone)),
            left=say.number(len(left)),
        ),
    )


def _rows(traces: Iterable[tuple[str, Sequence[str], Sequence[str]]], say: Speech) -> list[TraceRow]:
    """Return the rows, with equal ones combined."""
    counted = Counter((type, tuple(fields), tuple(others)) for type, fields, others in traces)
    return [
        TraceRow(
            event=say(spaced(type)),
            number=say.number(number),
            fields=", ".join(say(spaced(field.replace("/", " "))) for field in dict.fromkeys(fields)),
            others=", ".join(others),
        )
        for (type, fields, others), number in counted.items()
    ]


def of_a_form(asked: AggregateRequest[AccountPlan], id: str) -> ForgettingShown | None:
    """Return what the form of the command shows before it is sent."""
    preview = preview_of(asked.known, id)
    return forgetting_shown(preview, asked.say) if preview else None


def people_in(plan: AccountPlan) -> list[tuple[str, str]]:
    """Return the stakeholders who have not been forgotten yet, by name: their ids, and what they are called."""
    found = [(each.id, each.known_as) for each in plan.all(Stakeholder).values() if each.known_as]
    return sorted(((id, f"{name} ({id})") for id, name in found if name != FORGOTTEN), key=lambda each: folded(each[1]))


def path_of(plan: str) -> str:
    """Return the path of the page on which a person in a plan is forgotten."""
    return f"{HERE}/{quote(plan, safe='')}/forget"


def routes(
    plans: PlanViews, desk: CommandEndpoints, known: Known, guard: PageGuard, make_id: Callable[[], UUID]
) -> list[Route]:
    async def begin(request: Request) -> Response:
        """Redirect to the page for the plan that was typed, on which somebody is chosen."""
        plan, id = (request.query_params.get(name, "").strip() for name in ("plan", "id"))
        account = await run_in_threadpool(known.account_id, plan, visitor_of(request).caller)
        return RedirectResponse(address(path_of(account), {"id": id}) if plan else HERE, 303)

    async def shown(
        request: Request, plan: LoadedPlan, typed: FormData, errors: Sequence[str] = (), status: int = 200
    ) -> Response:
        say, id = speech_of(request), typed.get("id", "").strip()
        preview = await run_in_threadpool(preview_of, plan, id) if id else None
        if id and preview is None and not errors:
            errors, status = [say("There is nobody of this id in this plan who could be forgotten.")], 404
        view = ForgetPage(
            tabs=tabs(request, say),
            plan=request.path_params["plan"],
            id=id,
            account_name=the_plan(plan.state).account_name,
            preview=forgetting_shown(preview, say) if preview else None,
            version=plan.version,
            key=str(make_id()),
            errors=errors,
            reason=typed.get("reason", ""),
            path=path_of(request.path_params["plan"]),
            whom=[] if id else people_in(plan.state),
        )
        preview_in_json = f"/v1/plans/{quote(view.plan, safe='')}/preview-forgetting?{urlencode({'id': id})}"
        twin = preview_in_json if preview else None
        answer = render(request, "settings/forget.html", status, twin=twin, view=view)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def page(request: Request) -> Response:
        plan = await plans.plan(request, request.path_params["plan"])
        return await shown(request, plan, FormData(request.query_params.multi_items()))

    async def forget(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        typed = FormData([(name, str(value)) for name, value in form.multi_items()])
        plan = await plans.plan(request, request.path_params["plan"])
        said = {name: value for name in ("id", "reason") if (value := typed.get(name, "").strip())}
        try:
            command = ForgetStakeholder.model_validate(said)
        except ValidationError:
            return await shown(request, plan, typed)
        try:
            await send(desk, request, "forget-stakeholder", [command], typed, speech_of(request))
        except NotRecorded as error:
            return await shown(request, plan, typed, error.sentences, error.status)
        return RedirectResponse(f"{HERE}?{urlencode({'plan': request.path_params['plan']})}", 303)

    return [
        guard.page(f"{HERE}/forget", begin, "erase", "forgetting-begun"),
        guard.page(f"{HERE}/{{plan}}/forget", page, "erase", "forgetting-page"),
        guard.page(f"{HERE}/{{plan}}/forget", forget, "erase", "forgotten-there", "POST"),
    ]
