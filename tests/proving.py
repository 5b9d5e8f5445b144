"""What the tests of proofs share: a notary, and a log with all kinds of events."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import psycopg

from adapters.postgres.notary import Notary
from adapters.postgres.store import Store
from adapters.proof.checkpoints import LogKey
from application.proof.checkpoints import KeptCheckpoint
from application.proof.leaves import leaf_of
from tests.stores import MONDAY, Row, commit, handle, log, note, opened_acme, plans_on

LOG_KEY = LogKey(b"l" * 32)


def notary(store: Store, key: LogKey = LOG_KEY, now: Callable[[], datetime] = lambda: MONDAY) -> Notary:
    return Notary(store.datastore, key, now)


def sealed(store: Store) -> KeptCheckpoint:
    """Cover everything by a checkpoint."""
    return notary(store).seal()


def told(store: Store, notes: int = 0) -> None:
    """Return a plan with sealed text, a gap in the positions, and other plans with so many notes in total."""
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", id="cfo", level="executive", name="Jäne Doe")
    with psycopg.connect(store.where.service) as connection:
        connection.execute("SELECT nextval('plantrail.stored_events_notification_id_seq')")
        connection.rollback()
    handle(plans, "write-note", section="plan", text='“ü” \\ " \n')
    more(store, notes)


def more(store: Store, notes: int) -> None:
    """Record so many notes, in plans of fifty each."""
    for begin in range(0, notes, 50):
        store.events.append(commit(uuid4(), 0, *(note(str(number)) for number in range(begin, min(notes, begin + 50)))))


def leaves(conninfo: str) -> list[bytes]:
    """Return the leaves that anybody would compute from the log."""
    return [leaf(row) for row in log(conninfo)]


def leaf(row: Row) -> bytes:
    return leaf_of(row.position, row.plan_id, row.version, row.topic, row.state)
