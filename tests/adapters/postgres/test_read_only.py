"""A store that can only be read, as after a failover: commands say so, plans are shown, and it goes on by itself."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import sleep

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from adapters.bootstrap.store import utc_now
from adapters.observability.periodic import every
from adapters.postgres.datastore import Datastore, prefer_writable_server
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, Store, opened
from application.aggregates.ports import StoreReadOnly, StoreUnavailable
from tests.api import assert_problem, served
from tests.conftest import KEY
from tests.stores import wait_until

NOTE = {"section": "plan", "text": "Budget talks in May"}


@pytest.fixture
def store(bare_database: ConnectionStrings) -> Iterator[Store]:
    with opened(bare_database, KEY) as store:
        yield store


@contextmanager
def read_only(postgres: EmbeddedPostgres, store: Store) -> Iterator[None]:
    """As a standby is, whose sessions were those of the primary before."""
    name = conninfo_to_dict(store.where.owner)["dbname"]
    with psycopg.connect(postgres.conninfo("superuser", "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        end_sessions(connection, store)
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
            end_sessions(connection, store)


def end_sessions(connection: psycopg.Connection, store: Store) -> None:
    name = conninfo_to_dict(store.where.owner)["dbname"]
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_while_a_store_is_read_only_commands_say_so_plans_are_shown_and_then_it_goes_on(store, postgres):
    checks = {"store-away": store.why_away, "store-read-only": store.why_read_only}
    with capture_logs() as lines, served(store, checks=checks) as api:
        acme = api.with_a_plan("acme")
        assert api.get("/readyz").status_code == 200
        with read_only(postgres, store):
            wait_until(lambda: api.get("/readyz").status_code == 503)
            wait_until(lambda: "store-read-only" in api.get("/readyz").json().get("reasons", ()))
            # Of the first nobody knows what became of it: its connection was lost.
            assert acme.do("write-note", **NOTE).status_code == 503
            for answer in (
                acme.do("write-note", **NOTE),
                acme.do("write-note", headers={"Idempotency-Key": "k"}, **NOTE),
                acme.do_all(("write-note", NOTE)),
                api.post("/v1/keys", {"name": "ann", "role": "editor", "plans": []}),
                api.post("/v1/webhooks", {"url": "http://127.0.0.1:9/"}),
            ):
                assert_problem(answer, 503, "store-read-only")
                assert answer.headers["retry-after"]
            assert acme.view().json()["version"] == 1
            assert api.get("/v1/plans").status_code == 200
        wait_until(lambda: api.get("/readyz").status_code == 200)
        wait_until(lambda: acme.do("write-note", **NOTE).status_code == 200)
        assert acme.version == 2
    assert not [line for line in lines if line["event"] == "unhandled"]


def test_whatever_is_done_beside_the_service_tells_a_read_only_store_once_and_goes_on(store, postgres):
    purges = [store.events.purge, lambda: store.access_events.purge(400), lambda: store.sessions.purge(utc_now())]
    with ExitStack() as housekeeping, capture_logs() as lines:
        for purge in purges:
            housekeeping.enter_context(every(0.02, purge, "purging", "kept for longer", store.outages))
        with read_only(postgres, store):
            wait_until(lambda: any(line["event"] == "store read-only" for line in lines))
            sleep(0.3)
        wait_until(lambda: lines[-1]["event"] in ("store can be written", "store back"))
        sleep(0.1)
    events = [line["event"] for line in lines]
    assert events.count("store read-only") == 1
    assert set(events) <= {"store read-only", "store can be written", "store away", "store back"}


def test_an_insufficient_grant_is_told_as_a_store_that_cannot_be_used(store):
    with psycopg.connect(store.where.owner, autocommit=True) as owner:
        owner.execute("REVOKE SELECT ON plantrail.api_keys_revision FROM plantrail_service")
    with pytest.raises(StoreUnavailable, match="permission denied"):
        store.api_keys.revision()


def asked(datastore: Datastore, statement: str) -> int:
    """By which of its connections the statement was carried out."""
    with datastore.connection() as connection:
        connection.execute(statement.encode())
        return connection.info.backend_pid


def test_a_connection_that_turned_out_to_be_read_only_is_not_used_again(store):
    datastore = Datastore(store.where.service, size=1)
    first = asked(datastore, "SET default_transaction_read_only = on")
    assert asked(datastore, "SELECT 1") == first
    with pytest.raises(StoreReadOnly):
        asked(datastore, "UPDATE plantrail.projections SET live = live")
    assert asked(datastore, "SELECT 1") != first
    datastore.close()


def test_of_several_hosts_the_one_that_can_be_written_is_looked_for():
    several = make_conninfo(host="a,b", port="5432,5432", dbname="plantrail")
    assert conninfo_to_dict(prefer_writable_server(several))["target_session_attrs"] == "read-write"
    for said in (make_conninfo(several, target_session_attrs="any"), "host=a", "postgresql://a/plantrail"):
        assert prefer_writable_server(said) == said
    url = "postgresql://u:p@a:1,b:2/plantrail"
    assert conninfo_to_dict(Datastore(url).conninfo)["target_session_attrs"] == "read-write"
    where = ConnectionStrings(url, url, url)
    for said in (where.service, where.owner, where.keys):
        assert conninfo_to_dict(said)["target_session_attrs"] == "read-write"
