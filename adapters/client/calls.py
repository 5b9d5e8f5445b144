"""The requests that the client can send: for each its path, its parameters and the model of its answer."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel

from adapters.client.answers import CommandAnswer, CommandsAnswer, ProgramAnswer
from adapters.client.feed_event import FeedEvent
from adapters.client.paths import plan_path
from application.findings.across import FindingsPage
from application.findings.judging import FindingsView
from application.portfolio.promises import PromisesPage
from application.portfolio.query import PortfolioPage
from application.reports.said_vs_did import Report
from application.views.current_plan import CurrentPlan
from application.views.diff import Diff
from application.views.pages import BlameList, HistoryPage, ReviewList
from domain.account_plan import ACCOUNT_PLAN
from domain.language import Command
from domain.program import PROGRAM

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)
Model = TypeVar("Model", bound=BaseModel)

PATIENCE_SECONDS = 60.0
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
"""Timeouts in seconds. When there are no events, the service waits up to 30 s before it answers."""
MOST_EVENTS_A_PAGE = 1_000
MOST_MILLISECONDS_TO_WAIT = 30_000


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], T_co]
    parameters: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def request_by(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        parameters = httpx.QueryParams(list(self.parameters))
        return http.build_request(
            self.method, self.path, params=parameters, content=self.body, headers=dict(self.headers)
        )

    def at(self, cursor: str) -> "Call[T_co]":
        """Return the request for the page of a list at a cursor."""
        others = [each for each in self.parameters if each[0] != "cursor"]
        return replace(self, parameters=[*others, ("cursor", cursor)])


class Page(Protocol[Item_co]):
    """A page of a list, and the cursor of the next one."""

    @property
    def items(self) -> Sequence[Item_co]: ...

    @property
    def next(self) -> str | None: ...


def parameters_of(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return query parameters: a list is repeated, None is left out, `from_` becomes `from`."""
    pairs = [
        (name.rstrip("_"), each)
        for name, value in given.items()
        for each in (value if isinstance(value, list | tuple | set | frozenset) else [value])
    ]
    return [
        (name, str(each).lower() if isinstance(each, bool) else str(each)) for name, each in pairs if each is not None
    ]


def _read(model: type[Model]) -> Callable[[httpx.Response], Model]:
    """Return a function that reads an answer. It ignores fields of a newer service, and computed fields."""
    return lambda answer: model.model_validate_json(answer.content, extra="ignore")


def _view(model: type[Model], path: str, **parameters: Any) -> Call[Model]:
    return Call("GET", path, _read(model), parameters_of(parameters))


def caller(key: str | None, actor: str | None) -> dict[str, str]:
    """Return the headers that identify the caller: by a key, or by name where the service requires no key."""
    by_key = {"Authorization": f"Bearer {key}"} if key else {}
    return by_key | ({"X-Actor": actor} if actor else {})


# Commands


def once(
    seen: int | None = None, idempotency_key: str | None = None, correlation_id: str | None = None
) -> dict[str, str]:
    """Return the headers of a command. Under one idempotency key it is carried out once, however often it arrives."""
    given = {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}
    given |= {"If-Match": f'"{seen}"'} if seen is not None else {}
    return given | ({"X-Correlation-Id": correlation_id} if correlation_id else {})


def command_on_plan(plan: str, command: Command, headers: Mapping[str, str], dry_run: bool) -> Call[CommandAnswer]:
    opens = command.called() == ACCOUNT_PLAN.opening.command.called()
    path = "/v1/plans" if opens else plan_path(plan, f"/{command.called()}")
    return _sent(_read(CommandAnswer), path, command.model_dump_json(exclude_unset=True).encode(), headers, dry_run)


def commands_on_plan(
    plan: str, commands: Iterable[Command], headers: Mapping[str, str], dry_run: bool
) -> Call[CommandsAnswer]:
    listed = [{"command": each.called(), "body": each.model_dump(mode="json", exclude_unset=True)} for each in commands]
    return _sent(_read(CommandsAnswer), plan_path(plan, "/commands"), json.dumps(listed).encode(), headers, dry_run)


def command_on_program(command: Command, headers: Mapping[str, str], dry_run: bool) -> Call[ProgramAnswer]:
    opens = command.called() == PROGRAM.opening.command.called()
    path = "/v1/program" if opens else f"/v1/program/{command.called()}"
    return _sent(_read(ProgramAnswer), path, command.model_dump_json(exclude_unset=True).encode(), headers, dry_run)


def _sent(
    read: Callable[[httpx.Response], T], path: str, body: bytes, headers: Mapping[str, str], dry_run: bool
) -> Call[T]:
    parameters = parameters_of({"dry_run": dry_run or None})
    return Call("POST", path, read, parameters, body, {"Content-Type": "application/json", **headers})


# Views of one plan


def plan(plan: str, as_of: str) -> Call[CurrentPlan]:
    return _view(CurrentPlan, plan_path(plan), as_of=as_of)


def findings_of(plan: str, as_of: str) -> Call[FindingsView]:
    return _view(FindingsView, plan_path(plan, "/findings"), as_of=as_of)


def reviews(plan: str, as_of: str) -> Call[ReviewList]:
    return _view(ReviewList, plan_path(plan, "/reviews"), as_of=as_of)


def blame(plan: str, as_of: str, wanted: Mapping[str, Any]) -> Call[BlameList]:
    return _view(BlameList, plan_path(plan, "/blame"), as_of=as_of, **wanted)


def diff(plan: str, from_: str | None, to: str | None) -> Call[Diff]:
    return _view(Diff, plan_path(plan, "/diff"), from_=from_, to=to)


def said_vs_did(plan: str, from_: str | None, to: str | None) -> Call[Report]:
    return _view(Report, plan_path(plan, "/said-vs-did"), from_=from_, to=to)


# Lists, page by page


def history(plan: str, wanted: Mapping[str, Any]) -> Call[HistoryPage]:
    return _view(HistoryPage, plan_path(plan, "/history"), **wanted)


def plans(wanted: Mapping[str, Any]) -> Call[PortfolioPage]:
    return _view(PortfolioPage, "/v1/plans", **wanted)


def promises(wanted: Mapping[str, Any]) -> Call[PromisesPage]:
    return _view(PromisesPage, "/v1/promises", **wanted)


def findings(wanted: Mapping[str, Any]) -> Call[FindingsPage]:
    return _view(FindingsPage, "/v1/findings", **wanted)


# The feed


@dataclass(frozen=True)
class EventsPage:
    """Events of the feed, and the cursor after which to continue, also past events that the filter left out."""

    events: list[FeedEvent]
    next: str


def events(after: str, types: Iterable[str], plan: str | None, wait: bool) -> Call[EventsPage]:
    wanted = {"after": after, "type": tuple(types), "plan_id": plan, "limit": MOST_EVENTS_A_PAGE}
    wanted |= {"timeout": MOST_MILLISECONDS_TO_WAIT} if wait else {}
    return Call("GET", "/v1/events", _events_page, parameters_of(wanted))


def _events_page(answer: httpx.Response) -> EventsPage:
    [cursor] = parse_qs(urlsplit(answer.links["next"]["url"]).query)["after"]
    return EventsPage([FeedEvent(document) for document in answer.json()], cursor)
