"""Messages arrive at the addresses of chats as events arrive at other endpoints, whatever a chat answers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest

from adapters.postgres.store import Store
from application.webhooks.endpoints import NothingToReplay
from application.webhooks.formats import Format
from application.webhooks.schedule import DigestWish
from domain.account_plan.plan import plan_id_of
from tests.callers import given_key
from tests.chats import read_by_slack, read_by_teams, rows_of
from tests.receiver import Receiver, Reply, receiving
from tests.stores import CONTEXT, MONDAY, plans_on, say
from tests.webhooks import Hooks, hooks_of

ACME = plan_id_of("acme")
SECRET_PATH = "/services/T000/B000/verysecret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hooks(store: Store, receiver: Receiver) -> Hooks:
    return hooks_of(store, receiver, patience=0.5)


def ask(hooks: Hooks, command: str, **body: Any) -> None:
    plans_on(hooks.store).handle(ACME, [say(command, **body)], CONTEXT)


def test_each_chat_is_sent_its_own_form_and_words_about_people_only_with_the_right_to_them(hooks, receiver):
    kinds = [(format, words) for format in ("slack", "teams") for words in (False, True)]
    with receiving() as trusted:
        for format, words in kinds:
            url = f"{(trusted if words else receiver).url}/{format}"
            hooks.create(url, format=format, personal_data=words, topics=["PlayPlanned", "StakeholderAdded"])
        hooks.say("acme", "not wanted")
        ask(hooks, "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
        ask(hooks, "plan-play", id="tour", title="Tour with Maria Held <!here>", kind="discovery", owner="ann",
            due_on="2027-02-01", success_measure="Three causes named", about=["coo"])  # fmt: skip
        hooks.work_off()
        for each, knows in ((receiver, False), (trusted, True)):
            assert len(each.received) == 4
            for received in each.received:
                read = read_by_slack if received.path.endswith("slack") else read_by_teams
                told = rows_of(read(received.body))
                assert received.headers["content-type"] == "application/json; charset=utf-8"
                assert ("Maria" in str(told)) is knows
                assert knows or {"Stakeholder: coo", "Play: tour"} & set(told)
                assert "By: ann" in told


@pytest.mark.parametrize(
    ("answer", "status", "error", "seconds"),
    [
        (Reply(429, {"Retry-After": "30"}), 429, None, 30),
        (Reply(429), 429, None, 5),
        (Reply(429, {"Retry-After": "later"}), 429, None, 5),
        (Reply(302, {"Location": "/elsewhere"}), 302, None, 5),
        (Reply(307, {"Location": "http://169.254.169.254/latest/meta-data"}), 307, None, 5),
        (Reply(hangs=True), None, "timed-out", 5),
        (Reply(drops=True), None, "disconnected", 5),
        (Reply(400), 400, None, 5),
    ],
)
def test_a_chat_that_does_not_take_a_message_is_tried_again_as_any_endpoint(
    hooks: Hooks, receiver: Receiver, answer: Reply, status: int | None, error: str | None, seconds: int
):
    id, _ = hooks.create(format="slack")
    hooks.say("acme")
    receiver.answers(answer)
    hooks.work_off()
    assert [each.path for each in receiver.received] == ["/hooks"]  # it is not followed elsewhere
    (attempt,) = hooks.store.webhooks.attempts(id, None).items
    assert (attempt.status, attempt.error) == (status, error)
    held_until = hooks.get(id).held_until
    assert held_until == (hooks.clock() + timedelta(seconds=30) if seconds == 30 else None)
    hooks.work_off(seconds=seconds - 1)
    assert len(receiver.received) == 1
    hooks.work_off(seconds=2)
    assert [each.id for each in receiver.received] == [f"{ACME}:1"] * 2
    assert hooks.get(id).failing_since is None


def test_the_address_of_a_chat_is_shown_to_nobody_as_a_whole(hooks: Hooks, receiver: Receiver):
    base = receiver.url.removesuffix("/hooks")
    id, _ = hooks.create(f"{base}{SECRET_PATH}?sig=s3cret", format="teams")
    plain, _ = hooks.create(f"{base}/events")
    assert hooks.get(id).url == f"{base}/…"
    assert hooks.get(plain).url == f"{base}/events"
    hooks.say("acme")
    hooks.work_off()
    assert {each.path for each in receiver.received} == {f"{SECRET_PATH}?sig=s3cret", "/events"}


# Digests


@pytest.fixture
def on_monday(hooks: Hooks) -> Hooks:
    """It is Monday, 5 January 2026, at nine; Acme has an overdue action, and one that speaks of somebody."""
    hooks.clock.now = MONDAY
    hooks.say("acme")
    ask(hooks, "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    for id, day, more in (("late", "2026-01-02", {}), ("maria", "2026-01-14", {"about": ["coo"]})):
        ask(hooks, "add-action", id=id, statement=f"Call <@{id}> now", kind="task", owner="ann", due_on=day, **more)
    hooks.store.portfolio.catch_up(hooks.clock)
    return hooks


def go_on(hooks: Hooks, **time: float) -> None:
    hooks.clock.forward(**time)
    hooks.sweep()
    hooks.work_off()


def test_a_digest_comes_when_it_is_due_in_each_form_and_not_where_there_is_nothing(
    on_monday: Hooks, receiver: Receiver
):
    hooks, weekly = on_monday, DigestWish("monday 08:00", "Europe/Vienna", None)
    for format in get_args(Format):
        hooks.create(f"{receiver.url}/{format}", format=format, digest=weekly)
    hooks.create(f"{receiver.url}/of-ben", format="slack", digest=weekly._replace(person="ben"))
    hooks.create(f"{receiver.url}/daily", format="slack", digest=DigestWish("day 08:00", "UTC", "ann"))
    go_on(hooks, days=6, hours=21, minutes=59)  # Monday 06:59 in UTC, 07:59 in Vienna
    assert {each.path for each in receiver.received} == {"/hooks/daily"}
    receiver.received.clear()
    for _ in range(2):
        go_on(hooks, minutes=1)
    by_path = {each.path.rpartition("/")[2]: each for each in receiver.received}
    assert len(receiver.received) == len(by_path) == 3  # and not again; Ben has nothing to do, so he is told nothing
    for chat, read in (("slack", read_by_slack), ("teams", read_by_teams)):
        told = rows_of(read(by_path[chat].body))
        assert "Acme Manufacturing: action Call <@late> now, 2026-01-02 (10 days ago), ann" in told
        assert "Acme Manufacturing: action maria, 2026-01-14 (in 2 days), ann" in told
        assert "Since 2026-01-05" in told
    event = by_path["cloudevents"].event
    assert (event["type"], event["id"]) == ("plantrail.digest.v1", by_path["cloudevents"].id)
    assert [each["id"] for each in event["data"]["overdue"]] == ["late"]
    assert event["data"]["since"] == "2026-01-05T07:00:00Z"
    assert event["data"]["news"][0]["events"] == 4
    assert hooks.table("webhook_lanes") == []


def test_a_digest_that_does_not_arrive_gives_way_to_the_next_which_tells_of_its_time_too(on_monday, receiver):
    hooks = on_monday
    id, _ = hooks.create(digest=DigestWish("day 08:00", "UTC", None), plans=[ACME])
    receiver.reply = lambda _: Reply(500)
    go_on(hooks, hours=23)
    assert [attempt.status for attempt in hooks.store.webhooks.attempts(id, None).items] == [500]
    go_on(hooks, hours=24)
    receiver.reply = lambda _: Reply()
    hooks.work_off(seconds=6)
    *failed, arrived = receiver.received
    assert len(failed) == 2
    assert arrived.id == failed[-1].id != failed[0].id
    assert arrived.event["data"]["since"] == "2026-01-05T08:00:00Z"
    with pytest.raises(NothingToReplay, match="none to send again"):
        hooks.store.webhooks.replay(id, None, hooks.clock(), after=0)


def test_a_digest_is_of_the_plans_that_its_owner_may_have_at_that_moment(on_monday: Hooks, receiver: Receiver):
    hooks = on_monday
    given_key(hooks.store, "ann", "subscriber", "globex")
    id, _ = hooks.create(digest=DigestWish("day 08:00", "UTC", None), plans=[ACME])
    other, _ = hooks.create(digest=DigestWish("day 08:00", "UTC", None), plans=[plan_id_of("globex")])
    go_on(hooks, hours=23)
    assert receiver.received == []
    assert (hooks.get(id).state, hooks.get(other).state) == ("paused", "active")
