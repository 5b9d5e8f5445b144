"""One delivery attempt: the request, its signature, and the outcome for each answer."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.delivery import MOST_READ, WebhookSender
from application.webhooks.attempts import Outcome
from application.webhooks.signatures import new_secret, written
from tests.patience import soon
from tests.plain_http import NOBODY
from tests.receiver import Receiver, Reply, receiving

ID = "6a1f7a3e-0000-5000-8000-000000000001:7"
BODY = '{"data":{"text":"Zürich, 14 °C"}}'.encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def send(url: str, *secrets: bytes, patience: float = 0.5, times: int = 1) -> list[Outcome]:
    async def attempts() -> list[Outcome]:
        sender = WebhookSender(Targets(loopback=True), lambda: datetime.now(UTC), NOBODY, patience)
        try:
            return [await sender.send(url, secrets or [b"s" * 32], ID, BODY) for _ in range(times)]
        finally:
            await sender.close()

    return asyncio.run(attempts())


# Signatures


def test_a_signature_is_what_the_receivers_library_expects(receiver: Receiver):
    secret = new_secret()
    assert send(receiver.url, secret)[0].status == 200
    (received,) = receiver.received
    told = Webhook(written(secret)).verify(received.body, received.headers)
    assert told == {"data": {"text": "Zürich, 14 °C"}}
    assert received.id == ID
    assert received.headers["content-type"] == "application/cloudevents+json; charset=utf-8"


def test_what_was_altered_on_the_way_is_not_verified(receiver: Receiver):
    secret = new_secret()
    send(receiver.url, secret)
    (received,) = receiver.received
    verifier = Webhook(written(secret))
    for body, headers in (
        (received.body + b" ", received.headers),
        (received.body, received.headers | {"webhook-id": "other:7"}),
        (received.body, received.headers | {"webhook-timestamp": str(int(received.headers["webhook-timestamp"]) - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(written(new_secret())).verify(received.body, received.headers)


def test_while_a_secret_is_replaced_both_verify(receiver: Receiver):
    new, old = new_secret(), new_secret()
    send(receiver.url, new, old)
    (received,) = receiver.received
    for secret in (new, old):
        assert Webhook(written(secret)).verify(received.body, received.headers)
    assert len(received.headers["webhook-signature"].split(" ")) == 2


# What comes back


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_means_that_it_arrived(receiver: Receiver, status):
    receiver.answers(Reply(status))
    assert send(receiver.url)[0].arrived


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_anything_else_does_not_and_no_redirect_is_followed(receiver: Receiver, status):
    receiver.answers(Reply(status, {"Location": receiver.url + "/elsewhere", "Retry-After": "7"}))
    (outcome,) = send(receiver.url)
    assert (outcome.arrived, outcome.status, outcome.is_gone) == (False, status, status == 410)
    assert outcome.held == ("7" if status in (429, 503) else None)
    assert [each.path for each in receiver.received] == ["/hooks"]


def test_who_hangs_is_given_up_in_time(receiver: Receiver):
    receiver.answers(Reply(hangs=True))
    began = monotonic()
    assert send(receiver.url, patience=0.3)[0].error == "timed-out"
    assert monotonic() - began < soon(2)


def test_who_answers_without_an_end_is_cut_off(receiver: Receiver):
    receiver.answers(Reply(endless=True))
    began = monotonic()
    assert send(receiver.url, patience=5)[0].arrived
    assert monotonic() - began < soon(2)
    assert receiver.sent < 100 * MOST_READ  # what fits into the buffers of the connection


def test_nobody_there_is_told_apart_from_somebody_who_hangs_up(receiver: Receiver):
    assert send("http://127.0.0.1:1/")[0].error == "unreachable"

    def hang_up(_):
        raise ConnectionError

    receiver.reply = hang_up
    assert send(receiver.url)[0].error == "disconnected"


def test_a_connection_is_used_again(receiver: Receiver):
    assert [outcome.status for outcome in send(receiver.url, times=3)] == [200] * 3
