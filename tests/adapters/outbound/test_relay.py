"""The relay to NATS, with a real server: every event is in the stream once and in order, whatever is killed."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep
from uuid import UUID, uuid5

import psycopg
import pytest
from jsonschema import Draft202012Validator
from nats.js.api import StreamConfig
from structlog.testing import capture_logs

from adapters.bootstrap.settings import DEFAULT_PUBLIC_URL
from adapters.events.asyncapi import document
from adapters.events.cloud_events import CloudEvents
from adapters.outbound import nats_relay as relays
from adapters.outbound.nats_stream import StreamUnfit, Target
from adapters.postgres.new_logs import begin_log_of_copy
from adapters.postgres.store import Store
from domain.account_plan.stakeholders import StakeholderAdded
from tests.broker import Broker, Message, broker_in, relaying
from tests.forks import COMMAND_LINE, PythonProgram
from tests.patience import soon
from tests.stores import ACME, commit, log, note, wait_until

BETA = uuid5(ACME, "beta")


@pytest.fixture(scope="module")
def server(_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker_in(tmp_path_factory.mktemp("nats")) as broker:
        yield broker


@pytest.fixture
def broker(server: Broker) -> Iterator[Broker]:
    """Yield a broker with nothing in it."""
    yield server
    server.forget()


def record(store: Store, plan: UUID, *versions: int) -> None:
    for version in versions:
        store.events.append(commit(plan, version - 1, note(f"{plan} {version}")))


def recorded(store: Store) -> list[str]:
    return [f"{row.plan_id}:{row.version}" for row in log(store.where.service)]


def relayed(store: Store, broker: Broker) -> list[Message]:
    """Return the stream's events once it has as many as the log, after checking that each is there once and in
    order."""
    expected = recorded(store)
    wait_until(lambda: broker.count() >= len(expected) or sleep(0.1), 30)
    messages = broker.messages()
    assert [message.id for message in messages] == expected
    return messages


# What is relayed


def test_every_event_is_relayed_once_in_order_as_the_asyncapi_document_says(store: Store, broker: Broker):
    record(store, ACME, 1, 2)
    record(store, BETA, 1)
    added = StakeholderAdded(id="coo", name="Jane Doe", level="executive")
    store.events.append(commit(ACME, 2, added))
    with relaying(store, broker.url):
        messages = relayed(store, broker)
    log_id = store.feed.page(0).log_id
    headers = {"$ref": "#/components/schemas/headers", "components": document(DEFAULT_PUBLIC_URL, "1")["components"]}
    for message, row in zip(messages, store.feed.page(0).rows, strict=True):
        told, data = CloudEvents(log_id, DEFAULT_PUBLIC_URL).binary(row)
        assert told.items() <= message.headers.items()
        assert message.data == data
        assert list(Draft202012Validator(headers).iter_errors(message.headers)) == []
    assert [message.subject for message in messages] == [
        f"plans.{ACME}.note-written",
        f"plans.{ACME}.note-written",
        f"plans.{BETA}.note-written",
        f"plans.{ACME}.stakeholder-added",
    ]
    assert json.loads(messages[-1].data) == {"id": "coo", "level": "executive"}


def test_what_is_recorded_while_it_works_is_relayed_at_once(store: Store, broker: Broker):
    with relaying(store, broker.url):
        record(store, ACME, 1)
        wait_until(lambda: broker.count() == 1)
        began = monotonic()
        record(store, ACME, 2)
        wait_until(lambda: broker.count() == 2)
        assert monotonic() - began < soon(1.5)


def test_the_log_says_how_far_it_has_come(store: Store, broker: Broker, monkeypatch):
    monkeypatch.setattr(relays, "SECONDS_BETWEEN_WORDS", 0.0)
    record(store, ACME, 1, 2)
    end = log(store.where.service)[-1].position
    with capture_logs() as said, relaying(store, broker.url):
        relayed(store, broker)
        wait_until(lambda: {"event": "relay", "position": end, "end": end}.items() <= said[-1].items())
    assert said[0] == {"event": "relaying", "log_level": "info", "relay": "nats", "position": 0}


def test_more_than_is_on_the_way_at_a_time_keeps_its_order(store: Store, broker: Broker):
    store.events.append(commit(ACME, 0, *(note(str(number)) for number in range(1_234))))
    with relaying(store, broker.url):
        relayed(store, broker)


# How far


def test_who_begins_again_goes_on_where_the_stream_ends(store: Store, broker: Broker):
    record(store, ACME, 1, 2)
    with relaying(store, broker.url):
        relayed(store, broker)
    unnoted(store)
    record(store, ACME, 3)
    with relaying(store, broker.url):
        relayed(store, broker)


def unnoted(store: Store) -> None:
    """Whatever the note said, and however long ago: the broker does not deduplicate any more."""
    with psycopg.connect(store.where.owner) as connection:
        connection.execute("DELETE FROM plantrail.relays")


def test_a_stream_that_was_emptied_goes_on_as_noted(store: Store, broker: Broker):
    record(store, ACME, 1, 2)
    with relaying(store, broker.url):
        relayed(store, broker)
    broker.ask(lambda jetstream: jetstream.purge_stream("plans"))
    record(store, ACME, 3)
    with relaying(store, broker.url):
        wait_until(lambda: broker.count() == 3)
        assert [message.id for message in broker.messages()] == [f"{ACME}:3"]


def test_a_stream_that_is_made_anew_begins_with_the_first_event(store: Store, broker: Broker):
    record(store, ACME, 1, 2)
    with relaying(store, broker.url):
        relayed(store, broker)
        broker.forget()
        record(store, ACME, 3)
        relayed(store, broker)


def test_what_the_broker_acknowledged_and_lost_is_relayed_again(store: Store, broker: Broker):
    """As after a power cut, where it did not sync before it acknowledged."""
    record(store, ACME, 1, 2)
    with relaying(store, broker.url):
        relayed(store, broker)
        broker.kill()
        kept, copy = broker.folder / "kept", broker.folder / "copy"
        shutil.copytree(kept, copy)
        broker.start()
        record(store, ACME, 3, 4)
        relayed(store, broker)
        broker.kill()
        shutil.rmtree(kept)
        copy.rename(kept)
        broker.start()
        record(store, ACME, 5)
        relayed(store, broker)


def test_a_log_that_was_restored_goes_on_after_what_both_have(store: Store, broker: Broker):
    broker.ask(
        lambda jetstream: jetstream.add_stream(StreamConfig(name="plans", subjects=["plans.>"], duplicate_window=1))
    )
    record(store, ACME, 1, 2)
    with relaying(store, broker.url):
        relayed(store, broker)
    with psycopg.connect(store.where.owner) as connection:
        begin_log_of_copy(connection)
    record(store, ACME, 3)
    with relaying(store, broker.url):
        relayed(store, broker)
    sources = [message.headers["ce-source"] for message in broker.messages()]
    assert sources[0] == sources[1] != sources[2]


def test_an_event_that_only_the_former_log_had_does_not_stand_in_the_way_of_the_new_one(store: Store, broker: Broker):
    """Both go by one id, which the broker takes for the same for a while."""
    broker.ask(
        lambda jetstream: jetstream.add_stream(StreamConfig(name="plans", subjects=["plans.>"], duplicate_window=1))
    )
    record(store, ACME, 1)
    with relaying(store, broker.url):
        [first] = relayed(store, broker)
    lost = first.headers | {"ce-sequence": f"{first.position + 1:020}", "Nats-Msg-Id": f"{ACME}:2"}
    broker.ask(lambda jetstream: jetstream.publish(first.subject, b"{}", headers=said_again(lost)))
    with psycopg.connect(store.where.owner) as connection:
        begin_log_of_copy(connection)
    record(store, ACME, 2)
    with relaying(store, broker.url):
        wait_until(lambda: broker.count() == 3)
    found = broker.messages()
    assert [message.id for message in found] == [f"{ACME}:1", f"{ACME}:2", f"{ACME}:2"]
    assert found[1].headers["ce-source"] != found[2].headers["ce-source"]


def said_again(headers: dict[str, str]) -> dict[str, str]:
    """Without what one relay expected of the stream at one moment."""
    return {name: value for name, value in headers.items() if not name.startswith("Nats-Expected")}


# Whatever is killed


@pytest.mark.torture
def test_a_broker_that_is_killed_again_and_again_misses_nothing(store: Store, broker: Broker):
    with relaying(store, broker.url), ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(record, store, plan, *range(1, 301)) for plan in (ACME, BETA)]
        for _ in range(3):
            sleep(0.2)
            broker.kill()
            sleep(0.2)
            broker.start()
        for writer in writers:
            writer.result()
        messages = relayed(store, broker)
    for plan in (ACME, BETA):
        its = [message for message in messages if message.headers["ce-subject"] == str(plan)]
        assert [int(message.headers["ce-planversion"]) for message in its] == list(range(1, 301))


@pytest.fixture
def relay_command(store: Store, broker: Broker, tmp_path) -> Iterator[PythonProgram]:
    """Yield the program of a relay, which is started anew whenever a test asks for it."""
    started: list[PythonProgram] = []

    def start() -> PythonProgram:
        where = store.where
        environment = os.environ | {
            "DATABASE_URL": where.service,
            "PLANTRAIL_OWNER_URL": where.owner,
            "PLANTRAIL_KEYS_URL": where.keys,
            "PLANTRAIL_KEY_ENCRYPTION_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
            "PLANTRAIL_HOME": str(tmp_path),
            "PLANTRAIL_NATS_URL": broker.url,
        }
        words = ("relay", "nats")
        started.append(PythonProgram(COMMAND_LINE, *words, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_relay_that_is_killed_misses_nothing_and_ends_when_told_to(store: Store, broker: Broker, relay_command):
    enough = Event()

    def write() -> None:
        version = 0
        while not enough.wait(0.005):
            version += 1
            record(store, ACME, version)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            for _ in range(2):
                before, relay = broker.count(), relay_command()
                wait_until(lambda before=before: broker.count() > before + 20 or sleep(0.1), 60)
                relay.kill()
            last = relay_command()
            before = broker.count()
            wait_until(lambda: broker.count() > before + 20 or sleep(0.1), 60)
        finally:
            enough.set()
        writer.result()
    relayed(store, broker)
    broker.kill()
    last.send_signal(signal.SIGTERM)
    try:
        assert last.wait(5) == 0
    finally:
        broker.start()


def test_of_two_relays_one_works_and_the_other_takes_over(store: Store, broker: Broker):
    record(store, ACME, 1)
    with relaying(store, broker.url), relaying(store, broker.url):
        relayed(store, broker)
        wait_until(lambda: len(holders(store)) == 1)
        for version in range(2, 5):
            [holder] = holders(store)
            with psycopg.connect(store.where.service, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", (holder,))
            record(store, ACME, version)
            relayed(store, broker)
            wait_until(lambda: len(holders(store)) == 1)


def holders(store: Store) -> list[int]:
    with psycopg.connect(store.where.owner) as connection:
        return [
            pid
            for (pid,) in connection.execute(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        ]


def test_relays_of_other_names_have_streams_of_their_own(store: Store, broker: Broker, tmp_path):
    record(store, ACME, 1, 2)
    with broker_in(tmp_path / "other") as other, relaying(store, broker.url), relaying(store, other.url, name="other"):
        relayed(store, broker)
        relayed(store, other)


def test_a_relay_ends_at_once_while_the_broker_is_away(store: Store, broker: Broker):
    broker.kill()
    with relaying(store, broker.url):
        sleep(0.3)
        began = monotonic()
    assert monotonic() - began < soon(3)
    broker.start()


# What is asked of the broker


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (StreamConfig(name="plans", subjects=["orders.>"]), "does not take plans.>"),
        (StreamConfig(name="plans", subjects=["plans.>"], no_ack=True), "acknowledges nothing"),
        (StreamConfig(name="others", subjects=["plans.>"]), "does not make a stream “plans”"),
    ],
)
def test_a_stream_that_does_not_do_is_told_of(store: Store, broker: Broker, config, reason):
    broker.ask(lambda jetstream: jetstream.add_stream(config))
    with pytest.raises(StreamUnfit, match=reason), relaying(store, broker.url) as at_work:
        at_work.join(10)


def test_a_stream_is_called_by_what_it_may_be_called():
    with pytest.raises(StreamUnfit, match="letters"):
        Target("nats://127.0.0.1:4222", stream="all.plans")


def test_a_stream_there_is_takes_events_beside_others(store: Store, broker: Broker):
    config = StreamConfig(name="everything", subjects=["plans.*.*", "orders.>"])

    async def begun(jetstream):
        await jetstream.add_stream(config)
        await jetstream.publish("orders.1", b"not ours")

    broker.ask(begun)
    record(store, ACME, 1)
    with relaying(store, broker.url, stream="everything"):
        wait_until(lambda: broker.count("everything") == 2)
        broker.ask(lambda jetstream: jetstream.publish("orders.2", b"in between"))
        record(store, ACME, 2)
        wait_until(lambda: broker.count("everything") == 4)
    assert [message.id for message in broker.messages("everything") if message.subject.startswith("plans")] == [
        f"{ACME}:1",
        f"{ACME}:2",
    ]


def test_the_url_may_hold_user_and_password(store: Store, tmp_path):
    record(store, ACME, 1)
    users = 'authorization { user: "relay", password: "s3cret" }\n'
    with broker_in(tmp_path / "closed", users) as broker:
        known = broker.url.replace("//", "//relay:s3cret@")
        with relaying(store, broker.url):
            sleep(0.3)
        broker.url = known
        assert broker.count() == 0
        with relaying(store, known):
            relayed(store, broker)
