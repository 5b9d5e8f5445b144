"""The demo, served to a browser: its accounts and program on a day after their last event, and a list of all pages."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from adapters.access.api_keys import ApiKeyCache
from adapters.access.callers import Development
from adapters.access.sessions import Sessions
from adapters.bootstrap.http_service import Authentication, Server, http_app
from adapters.bootstrap.store import aggregates_read, findings_across_plans
from adapters.cli.demonstration import stories
from adapters.outbound.webhooks.addresses import Targets
from adapters.postgres.notary import Notary
from adapters.postgres.store import Store
from adapters.web.app import pages
from adapters.web.guard import COOKIE
from application.scenarios.simulation import load
from domain.account_plan.plan import plan_id_of
from tests.api import LOG_KEY, SECRET
from tests.browsers import browsing
from tests.callers import given_key, known_keys
from tests.clock import Clock

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
PLAN = "/plans/halden-stores"
OPERATOR = "ops"

PAGES: dict[str, tuple[str, str]] = {
    "sign-in": ("/sign-in", "Sign in by name, key or issuer"),
    "portfolio": ("/", "Every plan in a row, filtered and sorted in the address"),
    "my-day": ("/me", "What one promised in all plans, by due day, and what else waits"),
    "findings": ("/findings", "What is wrong across plans, each with what ends it"),
    "plan": (PLAN, "Findings with their remedies on top, below them every section with its age"),
    "plan-at-a-review": (f"{PLAN}?as_of=review:m-2026-03", "The same at any point of the history"),
    "plan-findings": (f"{PLAN}/findings", "All that is wrong with a plan"),
    "things": (f"{PLAN}/all/action", "All things of one kind, with those that are over"),
    "who-set-what": (f"{PLAN}?blame=yes", "Who set every value, when and why"),
    "value": (f"{PLAN}/values/play/wave-one/due_on", "One value, back to the first"),
    "promises": (f"{PLAN}/promises", "The open list: done, moved and dropped in place"),
    "review": (f"{PLAN}/review", "A review held in one page"),
    "said-vs-did": (f"{PLAN}/said-vs-did", "What was said, and what came of it"),
    "map": (f"{PLAN}/map", "Who reports to whom, what they think of us, what hangs on them"),
    "whitespace": (f"{PLAN}/whitespace", "Units and offerings, and what is still to win"),
    "pack": (f"{PLAN}/packs/canvas", "Packs for the people in the room"),
    "weekly": (f"{PLAN}/packs/weekly", "The list of a week"),
    "readout": (f"{PLAN}/packs/readout", "What executives are told"),
    "qbr": (f"{PLAN}/packs/qbr", "A business review, for ourselves or for the customer"),
    "annual": (f"{PLAN}/packs/annual", "What a year came to"),
    "changes": (f"{PLAN}/changes", "What is different between two points"),
    "history": (f"{PLAN}/history", "Who recorded what, when and why"),
    "event": ("", "One event, with its proof"),
    "commands": (f"{PLAN}/do", "Everything that can be recorded"),
    "command": (f"{PLAN}/do/plan-play", "The form of a command"),
    "open-plan": ("/open-plan", "A plan is opened"),
    "program": ("/program", "The program: its list and how far it has come"),
    "policy": ("/program/policy", "The numbers plans are held to, version by version"),
    "rounds": ("/program/rounds", "Rounds in which the list is chosen"),
    "program-value": (
        "/program/values/round/2026-summer/decided_by",
        "One value of the program, back to the first",
    ),
    "round": ("/program/rounds/2026-summer", "Who was nominated, how each scores, what is thought of them"),
    "library": ("/program/library", "Plays that worked, templates, agendas, examples"),
    "program-history": ("/program/history", "The history of the program"),
    "program-commands": ("/program/do", "What can be recorded of the program"),
    "adopt-policy": ("/program/do/adopt-policy", "A policy is adopted"),
    "measures": ("/measures", "Figures of all plans, month by month, as charts with their tables"),
    "program-findings": ("/program/findings", "What is wrong with the program itself"),
    "settings": ("/settings", "Where one is signed in, and the keys"),
    "keys": ("/settings/keys", "Keys of callers"),
    "webhooks": ("/settings/webhooks", "Endpoints that events are pushed to"),
    "webhook": ("", "One endpoint, and what came of every attempt"),
    "calendars": ("/settings/calendars", "Calendars one subscribes to"),
    "forgetting": (
        "/settings/erasures/halden-stores/forget?id=coo",
        "What goes and what is left when somebody is forgotten, before it is done",
    ),
    "handovers": (
        "/settings/handovers?from=kit&to=mia",
        "What somebody owns becomes somebody else's: shown first, then done",
    ),
    "erasures": ("/settings/erasures", "Who was forgotten, with the certificates"),
    "reads": ("/settings/reads", "Who read what"),
    "proof": ("/proof", "The head of the log, its checkpoints, and whether all is as it was signed"),
    "nothing": ("/plans/nowhere", "A page there is not"),
}
"""Each page by the name of its picture: its address, which is empty if it must be found, and what it shows."""


@dataclass(frozen=True)
class Office:
    """A service and a browser."""

    store: Store
    clock: Clock
    url: str
    browser: Browser
    keys: ApiKeyCache
    """The API keys with which a visitor may sign in."""

    def address(self, name: str) -> str:
        """Return the address of a page. Those of an event and of a webhook are known once there is one."""
        path = PAGES[name][0]
        if name == "event":
            path = f"/events/{plan_id_of('halden-stores')}:40"
        if name == "webhook":
            [webhook, *_] = httpx.get(f"{self.url}/v1/webhooks", headers={"X-Actor": OPERATOR}).json()["items"]
            path = f"/settings/webhooks/{webhook['id']}"
        return f"{self.url}{path}"

    @contextmanager
    def visit(self, who: str = "mia", width: int = 1280, dark: bool = False, **more: Any) -> Iterator["Visit"]:
        """Return a signed-in visitor with a new browser that shows no page yet. Any error in the browser fails the
        test."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            **more,
        )
        visit = Visit(context, context.new_page(), [])
        visit.listen(visit.page)
        try:
            if who:  # As the form does that is on the page, but without two pages that nobody looks at.
                signed_in = context.request.post("/sign-in", form={"name": who}, headers={"Origin": self.url})
                assert signed_in.ok, signed_in.text()
            yield visit
            assert visit.complaints == [], visit.complaints
        finally:
            context.close()

    def signed_in_by_key(self, visit: "Visit", name: str) -> str:
        """Sign a visitor in with an editor's key that names no plan. Returns the id of the key."""
        id = given_key(self.store, name, "editor").split("_")[1]
        self.keys.refresh()
        caller = self.keys.caller_by_id(id)
        assert caller
        token = Sessions(self.store.sessions, self.clock, self.keys.caller_by_id).begin(caller, "key", "", id)
        visit.context.add_cookies([{"name": COOKIE, "value": token, "url": self.url}])
        return id


@dataclass(frozen=True)
class Visit:
    context: BrowserContext
    page: Page
    complaints: list[str]

    def listen(self, page: Page) -> None:
        def console(message: ConsoleMessage) -> None:
            refused = "the server responded with a status of 4" in message.text  # which stories are about
            if message.type in ("error", "warning") and not refused:
                self.complaints.append(f"{page.url}: {message.text}")

        page.on("console", console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"{page.url}: {dialog.message}"))


@contextmanager
def open_office(store: Store) -> Iterator[Office]:
    """Serve the demo, with up-to-date tables and a checkpoint over everything."""
    lines = sorted((line for story in stories() for line in story), key=lambda line: line.at)
    load(lines, store.events, aggregates_read(store), uuid4)
    clock = Clock(NOW)
    store.portfolio.catch_up(clock)
    findings_across_plans(store, clock).catch_up()
    Notary(store.datastore, LOG_KEY, clock).seal()
    keys = known_keys(store, clock)
    let_in = Authentication(Development(), caller_by_key=keys.caller_by_id, development=Development())
    app = http_app(store, let_in, SECRET, now=clock, targets=Targets(loopback=True), pages=pages, signing=LOG_KEY)
    server = Server(uvicorn.Config(app, port=0, log_config=None, access_log=False), store.watch)
    with socket.create_server(("127.0.0.1", 0)) as listener, browsing() as browser:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            until = monotonic() + 30
            while not server.started and monotonic() < until:
                sleep(0.02)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            # Nobody listens there, so a test delivery fails.
            made = {"url": "http://127.0.0.1:9/hooks", "types": ["play-won"]}
            webhook = httpx.post(f"{url}/v1/webhooks", json=made, headers={"X-Actor": OPERATOR}).json()
            httpx.post(f"{url}/v1/webhooks/{webhook['id']}/test", headers={"X-Actor": OPERATOR})
            yield Office(store, clock, url, browser, keys)
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def picture(office: Office, folder: Path, name: str, page: Page) -> None:
    """Save a picture of the whole page."""
    page.goto(office.address(name))
    page.screenshot(path=folder / f"{name}.png", full_page=True)
