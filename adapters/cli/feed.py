"""The feed on the command line."""

from collections.abc import Iterator
from time import sleep
from typing import Annotated

import typer
from eventsourcing.persistence import Notification

from adapters.bootstrap.settings import Settings, public_url
from adapters.bootstrap.store import open_store
from adapters.cli.asking import plan_ids_of
from adapters.cli.terminal import print_lines
from adapters.events.cloud_events import CloudEvents, topics_of
from adapters.postgres.store import Store
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import Cursor, cursor
from application.feed.ports import EventFilter, Page

LONGEST_WAIT = 60.0
RETRY = 1.0


def add_to(app: typer.Typer) -> None:
    app.command()(tail)


def tail(
    after: Annotated[
        str,
        typer.Option(
            metavar="CURSOR", help="An event's id or sequence; 0: from the first event on; now: only new events."
        ),
    ] = "0",
    type: Annotated[
        list[str] | None, typer.Option(help="Only events of this type, such as play-started; repeat for more.")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="Only events of this plan: account id or plan id.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until Ctrl-C.")] = False,
    personal_data: Annotated[bool, typer.Option("--personal-data", help="Include text about people.")] = False,
) -> None:
    """Print the events on the log: a CloudEvent as JSON a line."""
    asked = cursor(after)
    topics, settings = topics_of(type or []), Settings()
    address = public_url(settings)
    with open_store(settings) as store:
        plans = plan_ids_of(store, plan)
        wanted = EventFilter(topics, frozenset(map(str, plans)) if plans else None)
        for page in pages(store, asked, wanted, follow):
            keys = store.keys.of_events(page.rows) if personal_data else {}
            written = CloudEvents(page.log_id, address).structured
            print_lines(
                written(row, keys.get(str(row.originator_id), {}) if personal_data else None) + b"\n"
                for row in page.rows
            )


def pages(store: Store, after: Cursor | int, wanted: EventFilter, follow: bool) -> Iterator[Page[Notification]]:
    """Yield pages from a cursor to the end of the log, or for ever. Raises `CursorGone`, `StoreUnavailable`."""
    page = store.feed.page(after, wanted)
    while True:
        yield page
        position, end = page.next, page.end
        if position >= end and not follow:
            return
        if position >= end:
            store.watch.wait(position, LONGEST_WAIT)
        page = next_page(store, position, wanted, follow)


def next_page(store: Store, position: int, wanted: EventFilter, patiently: bool) -> Page[Notification]:
    """Return the next page. If `patiently`, wait for the store however long it is unavailable."""
    while True:
        try:
            return store.feed.page(position, wanted)
        except StoreUnavailable:
            if not patiently:
                raise
            sleep(RETRY)
