"""Every event arrives, the events of a plan in order, whatever an endpoint does; and nobody is sent what they may not
see."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic, sleep
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from adapters.access.api_keys import OPERATOR, EndpointOwners
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.webhook_worker import pushing
from adapters.observability.metrics import BackgroundMetrics
from adapters.outbound.webhooks.worker import Worker, at_work
from adapters.postgres.store import Store, begin_another_log
from application.webhooks.attempts import Outcome
from application.webhooks.endpoints import NothingToReplay, UnknownWebhook
from application.webhooks.retries import WAITS
from application.webhooks.signatures import written
from domain.account_plan.plan import plan_id_of
from tests.callers import given_key, known_keys
from tests.forks import PythonProgram
from tests.patience import soon
from tests.receiver import Received, Receiver, Reply, receiving
from tests.stores import CONTEXT, MONDAY, connected, log, plans_on, say, wait_until
from tests.webhooks import Hooks, hooks_of, log_id

DOWN = Reply(500)
WORKER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from adapters.postgres.store import ConnectionStrings, opened
from tests.stores import KEY
from tests.webhooks import hooks_of
with opened(ConnectionStrings(*sys.argv[1:]), KEY) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    async def run():
        await hooks_of(store, patience=2).worker(timedelta(seconds=4.5), lambda: datetime.now(UTC)).run()
    asyncio.run(run())
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hooks(store: Store, receiver: Receiver) -> Hooks:
    return hooks_of(store, receiver)


def arrived(receiver: Receiver, plan: str) -> list[int]:
    return receiver.versions(plan)


def refusing(*ids: str) -> "Refusing":
    return Refusing(set(ids))


class Refusing:
    """Answers 500 to these events, as long as they are in the set."""

    def __init__(self, ids: set[str]) -> None:
        self.ids = ids

    def __call__(self, received: Received) -> Reply:
        return DOWN if received.id in self.ids else Reply()


# What is sent


def test_every_event_arrives_once_in_the_order_of_its_plan_and_is_verified(hooks: Hooks, receiver: Receiver, store):
    _, secret = hooks.create()
    acme, globex = hooks.say("acme", "one", "two", "three"), hooks.say("globex", "one")
    hooks.work_off()
    assert arrived(receiver, acme) == [1, 2, 3, 4]
    assert arrived(receiver, globex) == [1, 2]
    events = [Webhook(secret).verify(each.body, each.headers) for each in receiver.received]
    assert {(event["id"], event["type"]) for event in events} == {
        *((f"{acme}:{version}", "plantrail.note-written.v1") for version in (2, 3, 4)),
        (f"{acme}:1", "plantrail.plan-opened.v1"),
        (f"{globex}:1", "plantrail.plan-opened.v1"),
        (f"{globex}:2", "plantrail.note-written.v1"),
    }
    for received, event in zip(receiver.received, events, strict=True):
        assert received.id == event["id"]
        assert event["specversion"] == "1.0"
        assert event["source"] == f"/logs/{log_id(store)}"
        assert event["dataschema"] == f"https://plans.example/schemas/{event['type']}.json"
    hooks.work_off(hours=1)
    assert len(receiver.received) == 6
    assert hooks.table("webhook_lanes") == []


def test_who_does_not_say_from_where_gets_what_is_yet_to_come(hooks: Hooks, receiver: Receiver):
    acme = hooks.say("acme", "before")
    hooks.create(after=None)
    hooks.say("acme", "after")
    hooks.work_off()
    assert arrived(receiver, acme) == [3]


def test_only_what_was_asked_for_is_sent(hooks: Hooks, receiver: Receiver):
    acme, globex = hooks.say("acme", "one", "two"), hooks.say("globex", "one")
    with receiving() as opened, receiving() as of_globex:
        hooks.create(opened.url, topics=["PlanOpened"])
        hooks.create(of_globex.url, plans=[plan_id_of("globex")])
        hooks.create(receiver.url, topics=["NoteWritten"], plans=[plan_id_of("acme")])
        hooks.work_off()
        assert sorted(opened.ids) == sorted([f"{acme}:1", f"{globex}:1"])
        assert of_globex.ids == [f"{globex}:1", f"{globex}:2"]
        assert receiver.ids == [f"{acme}:2", f"{acme}:3"]
    assert hooks.table("webhook_lanes") == []


def test_words_about_people_are_sent_only_where_they_may_be(hooks: Hooks, receiver: Receiver, store):
    plan_id = UUID(hooks.say("acme"))
    stakeholder = say("add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    plans_on(store).handle(plan_id, [stakeholder], CONTEXT)
    with receiving() as trusted:
        hooks.create(trusted.url, personal_data=True)
        hooks.create(receiver.url)
        hooks.work_off()
        assert trusted.received[-1].event["data"]["name"] == "Maria Held"
        assert receiver.ids == trusted.ids
        assert b"Maria" not in b"".join(each.body for each in receiver.received)
        first = len(trusted.received)
        plans_on(store).handle(plan_id, [say("forget-stakeholder", id="coo")], CONTEXT)
        for webhook in store.webhooks.page().items:
            store.webhooks.replay(webhook.id, None, hooks.clock(), after=0)
        hooks.work_off()
        assert trusted.versions(str(plan_id))[first:] == [1, 2, 3]
        assert b"Maria" not in b"".join(each.body for each in trusted.received[first:])
        assert trusted.received[-2].event["data"]["name"] == "[forgotten]"


def test_nothing_that_was_sent_or_answered_is_kept(hooks: Hooks, receiver: Receiver):
    _, secret = hooks.create()
    receiver.answers(Reply(500, {"X-Echo": "canary"}))
    hooks.say("acme", "canary")
    hooks.work_off()
    hooks.work_off(seconds=10)
    kept = repr([hooks.table(f"webhook_{name}") for name in ("endpoints", "lanes", "attempts")])
    assert "canary" not in kept
    assert secret not in kept
    assert len(hooks.table("webhook_attempts")) == 3


# When it fails


def test_a_plan_waits_for_its_event_and_the_others_do_not(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    acme, globex = hooks.say("acme", "one", "two"), hooks.say("globex", "one")
    receiver.reply = refusal = refusing(f"{acme}:2")
    hooks.work_off()
    assert arrived(receiver, globex) == [1, 2]
    assert arrived(receiver, acme) == [1, 2]
    hooks.say("acme", "three")
    hooks.work_off(seconds=4)
    assert arrived(receiver, acme) == [1, 2]
    hooks.work_off(seconds=1.1)
    assert arrived(receiver, acme) == [1, 2, 2]
    refusal.ids.clear()
    hooks.work_off(minutes=5)
    assert arrived(receiver, acme) == [1, 2, 2, 2, 3, 4]
    assert hooks.get(id).failing_since is None
    assert receiver.most_at_once == {acme: 1, globex: 1}


def test_after_the_last_attempt_the_plan_is_parked_and_shown_and_can_be_replayed(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    acme, globex = hooks.say("acme", "one"), hooks.say("globex")
    receiver.reply = refusal = refusing(f"{acme}:2")
    hooks.work_off()
    for place, wait in enumerate(WAITS, 1):
        assert arrived(receiver, acme) == [1] + [2] * place
        assert hooks.store.webhooks.parked(id, None).items == []
        hooks.clock.forward(seconds=wait.total_seconds())
        hooks.say("globex", "goes on")
        hooks.work_off()
    assert arrived(receiver, acme) == [1] + [2] * 10
    assert arrived(receiver, globex) == list(range(1, 11))
    (parked,) = hooks.store.webhooks.parked(id, None).items
    assert (str(parked.plan), parked.event) == (acme, f"{acme}:1")
    assert parked.reason == f"Of {acme}:2 it answered 500; that was the last attempt."
    assert (hooks.get(id).parked, hooks.get(id).state) == (1, "active")

    hooks.say("acme", "later")
    hooks.work_off(days=2)
    assert arrived(receiver, acme)[-1] == 2
    refusal.ids.clear()
    hooks.store.webhooks.replay(id, None, hooks.clock(), plan=plan_id_of("acme"))
    hooks.work_off()
    assert arrived(receiver, acme)[11:] == [2, 3]
    assert hooks.store.webhooks.parked(id, None).items == []


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_to_be_left_alone_is_left_alone(hooks: Hooks, receiver: Receiver, status):
    id, _ = hooks.create()
    hooks.say("acme")
    receiver.answers(Reply(status, {"Retry-After": "600"}))
    hooks.work_off()
    globex = hooks.say("globex")
    assert hooks.get(id).held_until == hooks.clock() + timedelta(seconds=600)
    hooks.work_off(seconds=599)
    assert len(receiver.received) == 1
    hooks.work_off(seconds=2)
    assert len(receiver.received) == 3
    assert arrived(receiver, globex) == [1]


def test_a_short_retry_after_does_not_use_up_the_attempts(hooks: Hooks, receiver: Receiver):
    hooks.create()
    acme = hooks.say("acme")
    receiver.reply = lambda _: Reply(429, {"Retry-After": "1"})
    hooks.work_off()
    for _ in range(5):
        hooks.work_off(seconds=2)
    assert arrived(receiver, acme) == [1, 1]


def test_410_disables_the_endpoint_until_it_is_resumed(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    acme = hooks.say("acme", "one")
    receiver.answers(Reply(410))
    hooks.work_off()
    found = hooks.get(id)
    assert (found.state, found.reason) == ("disabled", "The endpoint answered 410: it wants nothing any more.")
    assert found.state_since == hooks.clock()
    hooks.work_off(days=1)
    assert arrived(receiver, acme) == [1]
    assert hooks.store.webhooks.resume(id, None, hooks.clock()).state == "active"
    hooks.work_off()
    assert arrived(receiver, acme) == [1, 1, 2]


def test_after_five_days_of_nothing_but_failure_an_endpoint_is_disabled_and_says_why(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    with receiving() as other:
        lucky, _ = hooks.create(other.url)
        hooks.say("acme")
        receiver.reply = other.reply = lambda _: DOWN
        hooks.work_off()
        hooks.work_off(days=4.9)
        other.reply = lambda _: Reply()
        hooks.say("globex")
        hooks.work_off()
        hooks.sweep()
        assert hooks.get(id).state == "active"
        hooks.clock.forward(days=0.2)
        hooks.sweep()
    found = hooks.get(id)
    assert (found.state, found.reason) == (
        "disabled",
        "For 5 days nothing arrived; look at the attempts, then resume it.",
    )
    assert hooks.get(lucky).state == "active"


def test_what_hangs_holds_nobody_else_up(hooks: Hooks, receiver: Receiver):
    hooks.patience = 5
    with receiving() as slow:
        slow.reply = lambda _: Reply(hangs=True)
        hooks.create(slow.url)
        hooks.create(receiver.url)
        plans = [hooks.say(f"account-{number}") for number in range(20)]
        with at_work(hooks.worker):
            wait_until(lambda: len(receiver.received) == 20, 4)
            assert 0 < len(slow.received) <= 16
            slow.close()
    assert sorted(each.plan for each in receiver.received) == sorted(plans)


# What people do


def test_a_paused_endpoint_gets_nothing_until_it_is_resumed(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    assert hooks.store.webhooks.pause(id, None, hooks.clock(), "we move").reason == "we move"
    acme = hooks.say("acme", "one")
    hooks.work_off(days=6)
    hooks.sweep()
    assert (receiver.received, hooks.get(id).state) == ([], "paused")
    hooks.store.webhooks.resume(id, None, hooks.clock())
    hooks.work_off()
    assert arrived(receiver, acme) == [1, 2]


def test_the_log_says_once_a_minute_how_long_what_waits_has_waited(hooks: Hooks, receiver: Receiver):
    hooks.create()
    hooks.say("acme")
    receiver.reply = lambda _: DOWN
    hooks.work_off()
    hooks.clock.forward(minutes=2)

    async def sweep_twice(worker: Worker) -> None:
        await worker.sweep()
        await worker.sweep()

    with capture_logs() as said:
        hooks.with_worker(sweep_twice)
    told = {"event": "webhooks wait", "log_level": "warning", "lanes": 1, "seconds": 120}
    assert said == [told]


def test_an_endpoint_whose_owner_has_no_key_for_what_it_is_sent_is_paused_and_says_why(
    hooks: Hooks, receiver: Receiver, store
):
    acme = [UUID(hooks.say("acme", "one"))]
    of_all, of_acme, with_words = (hooks.create(**asked)[0] for asked in ({}, {"plans": acme}, {"personal_data": True}))

    def active() -> list[UUID]:
        hooks.sweep()
        return [id for id in (of_all, of_acme, with_words) if hooks.get(id).state == "active"]

    def revoke() -> None:
        for key in store.api_keys.all():
            store.api_keys.revoke(key.id, MONDAY)

    assert active() == [of_all, of_acme, with_words]
    given_key(store, "ann", "subscriber", sees_all=True, personal_data=True)
    assert active() == [of_all, of_acme, with_words]
    revoke()
    given_key(store, "ann", "subscriber", sees_all=True)
    assert active() == [of_all, of_acme]
    revoke()
    given_key(store, "ann", "reader", sees_all=True)
    given_key(store, "ann", "subscriber", "acme")
    assert active() == [of_acme]
    given_key(store, "ben", "subscriber", sees_all=True)
    given_key(store, "ann", "admin", sees_all=True)
    revoke()
    assert active() == []
    assert "No key of its owner" in (hooks.get(of_acme).reason or "")
    hooks.work_off()
    assert receiver.ids == []


def test_whoever_never_had_a_key_has_the_rights_of_a_token_of_the_issuer_or_none(store):
    known = known_keys(store)
    trusting, alone = EndpointOwners(known, issuer_is_trusted=True), EndpointOwners(known, issuer_is_trusted=False)
    assert trusting.may_receive("ann", [], False)
    assert alone.may_receive("ann", [], False)
    given_key(store, "Dwh@Example.com", "subscriber", "acme")
    known.refresh()
    acme = [plan_id_of("acme")]
    for owners, ann in ((trusting, True), (alone, False)):
        assert owners.may_receive("ann", [], False) == ann
        assert owners.may_receive(OPERATOR, [], False)
        assert owners.may_receive("dwh@example.com", acme, False)
        assert not owners.may_receive("dwh@example.com", [], False)
        assert not owners.may_receive("dwh@example.com", acme, True)


@pytest.mark.parametrize("state", ["role = 'reader'", "revoked_at = now()", "plans = '{globex}'", "role = 'emperor'"])
def test_an_endpoint_is_sent_nothing_any_more_a_second_after_its_owners_right_has_ended(
    hooks: Hooks, receiver: Receiver, store, state
):
    receiver.reply = lambda _: Reply(seconds=0.05)
    key = given_key(store, "ann", "subscriber", "acme")
    acme = [UUID(hooks.say("acme", *map(str, range(60))))]
    id, _ = hooks.create(plans=acme)
    with pushing(store, Settings(webhook_loopback=True), BackgroundMetrics()):
        wait_until(lambda: len(receiver.received) > 3)
        with connected(store.where.owner) as connection:
            connection.execute(f"UPDATE plantrail.api_keys SET {state} WHERE id = '{key.split('_')[1]}'".encode())
        ended = monotonic()
        wait_until(lambda: hooks.get(id).state == "paused", 3)
        assert monotonic() - ended < soon(1.5)
        sent = len(receiver.received)
        sleep(0.3)
    assert sent == len(receiver.received) < 40


def test_pausing_takes_effect_between_two_events(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    acme = hooks.say("acme", "one", "two")

    def pause(_):
        hooks.store.webhooks.pause(id, None, hooks.clock())
        return Reply()

    receiver.reply = pause
    hooks.work_off()
    assert arrived(receiver, acme) == [1]
    receiver.reply = lambda _: Reply()
    hooks.store.webhooks.resume(id, None, hooks.clock())
    hooks.work_off()
    assert arrived(receiver, acme) == [1, 2, 3]


def test_replaying_sends_everything_after_the_cursor_again_in_order(hooks: Hooks, receiver: Receiver, store):
    id, _ = hooks.create()
    acme, globex = hooks.say("acme", "one", "two"), hooks.say("globex", "one")
    hooks.work_off()
    second = log(store.where.service)[1].position
    receiver.received.clear()
    store.webhooks.replay(id, None, hooks.clock(), after=second)
    hooks.work_off()
    assert (arrived(receiver, acme), arrived(receiver, globex)) == ([3], [1, 2])

    receiver.received.clear()
    store.webhooks.replay(id, None, hooks.clock(), plan=UUID(globex), after=0)
    hooks.work_off()
    assert receiver.ids == [f"{globex}:1", f"{globex}:2"]
    with pytest.raises(NothingToReplay, match="not parked"):
        store.webhooks.replay(id, None, hooks.clock(), plan=UUID(globex))
    with pytest.raises(NothingToReplay, match="earlier one"):
        store.webhooks.replay(id, None, hooks.clock(), plan=UUID(globex), after=10**6)
    with pytest.raises(NothingToReplay, match="after which cursor"):
        store.webhooks.replay(id, None, hooks.clock())


def test_a_replay_while_an_event_is_under_way_sends_nothing_twice_at_once_and_leaves_no_gap(hooks: Hooks, receiver):
    id, _ = hooks.create()
    acme = hooks.say("acme", "one", "two")
    asked = []

    def replay(received: Received) -> Reply:
        if received.version == 3 and not asked:
            asked.append(hooks.store.webhooks.replay(id, None, hooks.clock(), after=0))
        return Reply()

    receiver.reply = replay
    hooks.work_off()
    assert arrived(receiver, acme) == [1, 2, 3, 1, 2, 3]
    assert receiver.most_at_once == {acme: 1}
    assert hooks.table("webhook_lanes") == []


def test_a_replay_to_beyond_what_waits_leaves_nothing_behind(hooks: Hooks, receiver: Receiver, store):
    id, _ = hooks.create()
    hooks.say("acme", "one")
    receiver.answers(DOWN)
    hooks.work_off()
    store.webhooks.replay(id, None, hooks.clock(), after=log(store.where.service)[-1].position)
    hooks.work_off()
    assert len(receiver.received) == 1
    assert hooks.table("webhook_lanes") == []


def test_for_a_day_after_it_was_replaced_the_secret_before_verifies_too(hooks: Hooks, receiver: Receiver):
    id, old = hooks.create()
    fresh, until = hooks.store.webhooks.rotate_secret(id, None, hooks.clock())
    new = written(fresh)
    assert until == hooks.clock() + timedelta(hours=24)
    hooks.say("acme")
    hooks.work_off()
    for secret in (old, new):
        assert Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)

    hooks.clock.now -= timedelta(hours=24, seconds=1)  # as if it had been replaced the day before
    again, _ = hooks.store.webhooks.rotate_secret(id, None, hooks.clock())
    newest = written(again)
    hooks.clock.forward(hours=24, seconds=1)
    hooks.say("globex")
    hooks.work_off()
    last = receiver.received[-1]
    assert Webhook(newest).verify(last.body, last.headers)
    for secret in (old, new):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(last.body, last.headers)
    hooks.sweep()
    assert hooks.get(id).previous_secret_until is None


def test_what_is_deleted_is_gone_with_all_its_traces(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    hooks.say("acme", "one")
    receiver.answers(DOWN)
    hooks.work_off()
    hooks.store.webhooks.delete(id, None)
    hooks.work_off(days=1)
    assert len(receiver.received) == 1
    assert [hooks.table(f"webhook_{name}") for name in ("endpoints", "lanes", "attempts")] == [[], [], []]
    with pytest.raises(UnknownWebhook):
        hooks.get(id)


def test_attempts_are_listed_latest_first_and_forgotten_after_two_weeks(hooks: Hooks, receiver: Receiver):
    id, _ = hooks.create()
    acme = hooks.say("acme")
    receiver.answers(Reply(302, {"Location": "/"}), Reply(hangs=True))
    hooks.patience = 0.2
    hooks.work_off()
    hooks.work_off(seconds=6)
    hooks.work_off(minutes=6)
    first = hooks.store.webhooks.attempts(id, None, limit=2)
    second = hooks.store.webhooks.attempts(id, None, first.next, limit=2)
    told = [(each.event, each.status, each.error) for each in (*first.items, *second.items)]
    assert told == [(f"{acme}:1", 200, None), (f"{acme}:1", None, "timed-out"), (f"{acme}:1", 302, None)]
    assert second.next is None
    hooks.clock.forward(days=14, minutes=-1)
    hooks.sweep()
    assert len(hooks.store.webhooks.attempts(id, None).items) == 1
    hooks.clock.forward(minutes=1)
    hooks.sweep()
    assert hooks.store.webhooks.attempts(id, None).items == []


def test_a_copy_of_the_store_pushes_nothing_until_somebody_says_so(hooks: Hooks, receiver: Receiver, store):
    id, _ = hooks.create()
    acme = hooks.say("acme")
    begin_another_log(store.where)
    hooks.work_off()
    assert receiver.received == []
    assert (hooks.get(id).state, "restored from a copy" in str(hooks.get(id).reason)) == ("paused", True)
    store.webhooks.resume(id, None, hooks.clock())
    hooks.work_off()
    assert arrived(receiver, acme) == [1]


# Several workers


def test_who_lost_a_lane_can_say_nothing_about_it(hooks: Hooks, store):
    hooks.create()
    acme = hooks.say("acme", "one")
    lanes = hooks.lanes()
    lanes.look_through(hooks.clock())
    (mine,) = lanes.claim(hooks.clock(), 10, {})
    assert lanes.claim(hooks.clock(), 10, {}) == []
    with connected(store.where.owner) as connection:
        connection.execute("UPDATE plantrail.webhook_lanes SET leased_until = now() - interval '1 second'")
    (theirs,) = lanes.claim(hooks.clock(), 10, {})
    assert not lanes.arrived(mine, 1, f"{acme}:1", Outcome(1, 200), hooks.clock())
    lanes.failed(mine, f"{acme}:1", Outcome(1, 500), hooks.clock(), None, None)
    lanes.let_go(mine)
    assert lanes.claim(hooks.clock(), 10, {}) == []
    assert lanes.arrived(theirs, 1, f"{acme}:1", Outcome(1, 200), hooks.clock())
    assert theirs.delivered == 1
    assert len(hooks.table("webhook_attempts")) == 1


def test_workers_share_the_load_and_never_send_a_plan_twice_at_once(hooks: Hooks, receiver: Receiver):
    receiver.reply = lambda _: Reply(seconds=0.002)
    hooks.create()
    plans = [hooks.say(f"account-{number}", *"abcde") for number in range(12)]

    async def together() -> None:
        workers = [hooks.worker() for _ in range(3)]
        await asyncio.gather(*(worker.work_off() for worker in workers))
        for worker in workers:
            await worker.close()

    asyncio.run(together())
    for plan in plans:
        assert arrived(receiver, plan) == [1, 2, 3, 4, 5, 6]
    assert set(receiver.most_at_once.values()) == {1}


def test_a_worker_that_is_ended_lets_go_of_what_it_has_and_another_goes_on_at_once(hooks: Hooks, receiver: Receiver):
    receiver.reply = lambda _: Reply(seconds=0.05)
    hooks.create()
    acme = hooks.say("acme", *"abcdefgh")
    with at_work(hooks.worker):
        wait_until(lambda: len(receiver.received) > 1)
    assert len(receiver.received) < 9
    hooks.work_off()
    assert arrived(receiver, acme) == list(range(1, 10))


@pytest.mark.torture
def test_when_a_worker_is_killed_another_one_goes_on_where_it_was(hooks: Hooks, receiver: Receiver, store):
    receiver.reply = lambda _: Reply(seconds=0.05)
    hooks.create()
    words = (WORKER, store.where.service, store.where.owner, store.where.keys)
    pipe = subprocess.PIPE
    with (
        PythonProgram(*words, stdin=pipe, stdout=pipe, text=True) as killed,
        PythonProgram(*words, stdin=pipe, stdout=pipe, text=True) as other,
    ):
        try:
            plans = [hooks.say(f"account-{number}", *"abcde") for number in range(20)]
            for worker in (killed, other):
                assert worker.stdout.readline() == "ready\n"
            for worker in (killed, other):
                print("go", file=worker.stdin, flush=True)
            wait_until(lambda: len(receiver.received) > 30)
            killed.kill()
            killed_at = monotonic()
            wait_until(lambda: hooks.table("webhook_lanes") == [], 20)
        finally:
            killed.kill()
            other.kill()
    assert monotonic() - killed_at > 1  # its leases had to run out
    assert set(receiver.most_at_once.values()) == {1}
    for plan in plans:
        assert list(dict.fromkeys(arrived(receiver, plan))) == [1, 2, 3, 4, 5, 6]
        assert len(arrived(receiver, plan)) <= 7  # again is sent only what was under way


def test_the_log_is_looked_through_in_parts_without_a_plan_or_a_version_being_left_out(hooks: Hooks, monkeypatch):
    monkeypatch.setattr("adapters.postgres.webhook_lanes.EVENTS_LOOKED_THROUGH", 3)
    monkeypatch.setattr("adapters.postgres.webhook_lanes.EVENTS_FETCHED", 2)
    hooks.create()
    plans = [hooks.say(f"account-{number}", "a", "b", "c") for number in range(3)]
    hooks.say("account-0", "d", "e")
    hooks.work_off()
    assert [arrived(hooks.receiver, plan) for plan in plans] == [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4], [1, 2, 3, 4]]
    assert json.loads(hooks.receiver.received[0].body)["planversion"] == 1
