"""Messages arrive at the addresses of chats as events arrive at other endpoints, whatever a chat answers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.chats import read_by_slack, read_by_teams, rows_of
from tests.receiver import Receiver, Reply, receiving
from tests.stores import CONTEXT, plans_on, say
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
        (Reply(302, {"Location": "/elsewhere"}), 302, None, 5),
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
    assert held_until == (hooks.clock() + timedelta(seconds=30) if status == 429 else None)
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
