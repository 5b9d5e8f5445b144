"""Checkpoints are sent to witnesses outside the store. A witness that cannot be reached delays nobody, and is sent the
latest checkpoint later."""

from base64 import b64encode
from datetime import UTC, datetime
from itertools import count

import pytest
from standardwebhooks import Webhook

from adapters.bootstrap.settings import Settings, SettingsError
from adapters.bootstrap.store import utc_now
from adapters.bootstrap.witnesses import witnesses
from adapters.outbound.witnesses import FileWitness, Line, NatsWitness, NotWitnessed, Telling, WebhookWitness
from application.proof.checkpoints import notes_in
from tests.broker import broker_in
from tests.proving import more, sealed, told
from tests.receiver import Reply, receiving
from tests.stores import wait_until

SECRET = b"w" * 32
NOTES = [f"plantrail/log\n{size}\nroot\n\n— plantrail/log signature\n" for size in (1, 2)]


def test_a_file_gets_each_checkpoint_once(tmp_path):
    witness = FileWitness(tmp_path / "kept")
    for note in (NOTES[0], NOTES[0], NOTES[1], NOTES[1]):
        witness.tell(note)
    assert list(notes_in((tmp_path / "kept").read_text())) == NOTES
    with pytest.raises(NotWitnessed):
        FileWitness(tmp_path / "none" / "kept").tell(NOTES[0])


def test_what_is_posted_is_signed_as_webhooks_are():
    with receiving() as receiver:
        witness = WebhookWitness(receiver.url, SECRET, utc_now)
        witness.tell(NOTES[0])
        receiver.answers(Reply(500))
        with pytest.raises(NotWitnessed, match="it answered 500"):
            witness.tell(NOTES[1])
    (first, second) = receiver.received
    assert (first.body.decode(), second.body.decode()) == tuple(NOTES)
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    verifier = Webhook(b64encode(SECRET).decode())
    assert verifier.sign(first.id, sent_at(first), first.body.decode()) == first.headers["webhook-signature"]
    with pytest.raises(NotWitnessed):
        witness.tell(NOTES[0])


def sent_at(request):
    return datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)


@pytest.mark.program
def test_a_stream_keeps_each_checkpoint_once(tmp_path):
    with broker_in(tmp_path / "nats") as broker:
        witness = NatsWitness(f"{broker.url}/checkpoints.ours")
        with pytest.raises(NotWitnessed):
            witness.tell(NOTES[0])
        broker.ask(lambda stream: stream.add_stream(name="checkpoints", subjects=["checkpoints.>"]))
        for note in (NOTES[0], NOTES[0], NOTES[1]):
            witness.tell(note)
        kept = [broker.ask(lambda stream, n=n: stream.get_msg("checkpoints", n)).data.decode() for n in (1, 2)]
        assert kept == NOTES
    with pytest.raises(NotWitnessed):
        witness.tell(NOTES[0])


def test_a_witness_that_is_away_is_told_the_latest_when_it_is_back_and_the_others_at_once(store, tmp_path):
    told(store)
    sealed(store)
    away, there = tmp_path / "away" / "kept", tmp_path / "there"
    telling = Telling([FileWitness(away), FileWitness(there)], lambda: store.tree.latest().note, poll=0.01)
    telling.start()
    wait_until(there.exists)
    more(store, 1)
    latest = sealed(store).note
    wait_until(lambda: latest in there.read_text())
    telling.stop()
    away.parent.mkdir()
    line = Line(FileWitness(away))
    line.tell(latest, now=0)
    assert away.read_text() == latest


def test_between_two_attempts_there_is_time(tmp_path):
    folder, failures = tmp_path / "away", count(1)
    line = Line(FileWitness(folder / "kept"), lambda: next(failures))
    line.tell(NOTES[0], now=0)
    assert next(failures) == 2
    folder.mkdir()
    line.tell(NOTES[1], now=4.9)
    assert not (folder / "kept").exists()
    line.tell(NOTES[1], now=5)
    assert (folder / "kept").read_text() == NOTES[1]


def test_who_witnesses_is_configured():
    secret = b64encode(SECRET).decode()
    said = "file:///var/log/check%20points https://witness.example/log nats://127.0.0.1:4222/checkpoints"
    found = list(witnesses(Settings(witnesses=said, witness_secret=secret)))
    assert [type(each) for each in found] == [FileWitness, WebhookWitness, NatsWitness]
    assert str(found[0].file) == "/var/log/check points"
    assert [each.name for each in found] == [
        "file://…/check points", "https://witness.example", "nats://127.0.0.1:4222/checkpoints"
    ]  # fmt: skip
    for wrong in ("ftp://x/y", "http://witness.example/log", "nats://127.0.0.1:4222", "kept"):
        with pytest.raises(SettingsError):
            list(witnesses(Settings(witnesses=wrong, witness_secret=secret)))
    with pytest.raises(SettingsError, match="PLANTRAIL_WITNESS_SECRET"):
        list(witnesses(Settings(witnesses="https://witness.example/log")))
