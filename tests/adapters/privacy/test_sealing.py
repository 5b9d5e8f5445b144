"""Text about people is never stored in clear. It opens with the keys of everybody it is about, and is lost when one of
these keys is destroyed."""

from base64 import b64decode, b64encode
from hashlib import sha256
from unittest.mock import Mock
from uuid import uuid4

import pytest
from pydantic_core import from_json, to_json

from adapters.postgres.person_keys import PostgresPersonKeys
from adapters.postgres.store import opened
from adapters.privacy.key_encryption import GivenKeys, WrongKeyEncryptionKey
from adapters.privacy.sealing import SALT, salted_words, seal, unseal
from application.views.current_plan import current_plan
from application.views.cuts import cut_at
from domain.language import Refusal
from tests.conftest import KEY
from tests.stores import ACME, CONTEXT, MONDAY, commit, connected, handle, log, note, opened_acme, plans_on, say

KEYS = {"cfo": b"c" * 32, "cto": b"t" * 32}
WORDS = {"statement": "Jane wants out", "challenges": ["Jane", "Jim"]}
PLAN = uuid4()

JANE = {
    "id": "cfo",
    "level": "executive",
    "name": "Jäne Døe",
    "title": "Cöuntess of Coins",
    "email": "jäne@acme.example",
    "phone": "00 49 170 555",
    "location": "Bämberg",
    "motivators": ["wänts less rework"],
    "reason": "möt her",
}
SAID_OF_JANE = ["Jäne", "Døe", "Cöuntess", "jäne", "0 49 1", "Bämberg", "wänts", "möt"]
"""In letters of which no box and no id is made."""


def sealed(about=("cfo",), **changes):
    return seal(PLAN, 3, 0, about, WORDS, KEYS) | changes


# A part


def test_a_part_opens_where_it_was_sealed_with_the_keys_it_was_sealed_with():
    assert unseal(PLAN, 3, 0, sealed(), KEYS) == WORDS
    assert unseal(PLAN, 3, 0, sealed(("cto", "cfo")), KEYS) == WORDS


@pytest.mark.parametrize("missing", ["cfo", "cto"])
def test_what_speaks_of_two_opens_with_both_keys_only(missing):
    part = sealed(("cfo", "cto"))
    without = {who: key for who, key in KEYS.items() if who != missing}
    assert unseal(PLAN, 3, 0, part, without) is None
    assert unseal(PLAN, 3, 0, part, without | {missing: b"x" * 32}) is None
    assert unseal(PLAN, 3, 0, part | {"about": [who for who in KEYS if who != missing]}, without) is None


@pytest.mark.parametrize("where", [(uuid4(), 3, 0), (PLAN, 4, 0), (PLAN, 3, 1)])
def test_a_part_that_was_moved_does_not_open(where):
    assert unseal(*where, sealed(), KEYS) is None


def test_a_part_that_was_altered_does_not_open():
    part = sealed()
    box = bytearray(b64decode(part["box"]))
    box[-1] ^= 1
    assert unseal(PLAN, 3, 0, part | {"box": b64encode(box).decode()}, KEYS) is None


def test_a_commitment_can_be_proved_with_the_opened_words_and_tells_nothing_without():
    part = sealed()
    salted = salted_words(PLAN, 3, 0, part, KEYS)
    assert salted[SALT:] == to_json(WORDS)
    assert part["commitment"] == sha256(salted).hexdigest()
    assert part["commitment"] != sealed()["commitment"], "the same words twice do not look the same"
    assert part["box"] != sealed()["box"]


# A record


@pytest.fixture
def plans(store):
    return opened_acme(plans_on(store))


def in_clear(store, *words):
    stored = b"".join(row.state for row in log(store.where.service))
    return [word for word in words if word.encode() in stored]


def test_a_persons_words_are_never_stored_in_clear_even_if_nobody_says_whom_they_speak_of(store, plans):
    handle(plans, "add-stakeholder", **JANE)
    handle(plans, "correct-stakeholder", id="cfo", name="Jöan Smith", about=[])
    handle(plans, "move-stakeholder", id="cfo", title="Queen", moved_on="2026-01-05", promoted=True, about=[])
    handle(plans, "change-sentiment", id="cfo", attitude=-1, evidence="she frowned", about=[])
    assert in_clear(store, *SAID_OF_JANE, "Jöan", "Smith", "Queen", "frowned") == []
    assert in_clear(store, "executive", "cfo", "attitude") == ["executive", "cfo", "attitude"]
    person = plans.read(ACME).state.named("stakeholder", "cfo")
    assert (person.name, person.title, person.evidence) == ("Jöan Smith", "Queen", "she frowned")


def test_free_text_is_sealed_when_the_command_says_whom_it_speaks_of(store, plans):
    handle(plans, "add-stakeholder", **JANE)
    handle(plans, "write-note", id="n1", section="plan", heading="On Jäne", text="Jäne is leaving", about=["cfo"])
    handle(plans, "write-note", id="n2", section="plan", heading="On prices", text="They go up", reason="heard it")
    assert in_clear(store, "On Jäne", "leaving") == []
    assert in_clear(store, "On prices", "They go up", "heard it") == ["On prices", "They go up", "heard it"]
    first, second = plans.read(ACME).records[-2:]
    assert (first.event.text, second.event.text) == ("Jäne is leaving", "They go up")
    assert [(part.about, part.fields) for part in first.sealed] == [(("cfo",), ("heading", "text"))]
    assert second.sealed == ()


def test_the_reason_of_a_stakeholder_command_is_sealed(store, plans):
    handle(plans, "add-stakeholder", **JANE)
    handle(plans, "rate-power", id="cfo", power=5, reason="she signs everything")
    handle(plans, "record-departure", id="cfo", left_on="2026-01-05", went_to="a rival", reason="she was fired")
    handle(plans, "change-tier", tier="growth", reason="not worth it", about=["cfo"])
    assert in_clear(store, "signs", "rival", "fired", "not worth it") == []
    reasons = [record.meta.reason for record in plans.read(ACME).records[-3:]]
    assert reasons == ["she signs everything", "she was fired", "not worth it"]


def test_words_that_stood_sealed_are_not_repeated_in_clear(store, plans):
    handle(plans, "add-stakeholder", **JANE)
    goal = {"kind": "revenue", "unit": "EUR", "baseline": "0", "target": "1", "due_on": "2026-12-31", "owner": "ann"}
    handle(plans, "set-goal", id="g", statement="Jäne buys", measure="Jäne's orders", about=["cfo"], **goal)
    handle(plans, "revise-goal", id="g", statement="More orders", measure="Orders", reason="Jäne left", about=["cfo"])
    handle(plans, "revise-goal", id="g", statement="Most orders", reason="new budget")
    plans.handle(
        ACME,
        [
            say("set-goal", id="h", statement="Jäne signs", measure="Jäne's name", about=["cfo"], **goal),
            say("revise-goal", id="h", statement="Somebody signs", measure="A name", reason="new budget"),
        ],
        CONTEXT,
    )
    assert in_clear(store, *SAID_OF_JANE, " buys") == []
    former = [record.event.former for record in plans.read(ACME).records if hasattr(record.event, "former")]
    assert [(each.statement, each.measure) for each in former] == [
        ("Jäne buys", "Jäne's orders"),
        ("More orders", None),
        ("Jäne signs", "Jäne's name"),
    ]


def test_person_keys_are_stored_wrapped(store, plans):
    handle(plans, "add-stakeholder", **JANE)
    [key] = store.keys.of(ACME).values()
    with connected(store.where.keys) as connection:
        [[wrapped]] = connection.execute("SELECT wrapped FROM plantrail_keys.person_keys").fetchall()
    assert len(key) == 32
    assert key not in wrapped
    assert KEY.of(1).unwrap("person key", f"{ACME} cfo", wrapped) == key
    for kind, name in [("person key", f"{uuid4()} cfo"), ("person key", f"{ACME} cto"), ("secret", f"{ACME} cfo")]:
        with pytest.raises(WrongKeyEncryptionKey):
            KEY.of(1).unwrap(kind, name, wrapped)


def test_the_first_who_speaks_of_somebody_makes_the_key_for_all(store, connection_strings):
    with opened(connection_strings, KEY) as other:
        keys = store.keys.ensure(ACME, ["cfo", "cto"])
        assert other.keys.ensure(ACME, ["cto", "coo"]) == {**keys, "coo": other.keys.of(ACME)["coo"]}


def test_people_who_come_together_get_their_keys_in_one_go(plans, store, monkeypatch):
    asked = []
    ensure = PostgresPersonKeys.ensure
    monkeypatch.setattr(PostgresPersonKeys, "ensure", lambda *said: asked.append(set(said[2])) or ensure(*said))
    people = [{"id": f"p{place}", "level": "management", "name": f"Jane {place}"} for place in range(5)]
    plans.handle(ACME, [say("add-stakeholder", **person) for person in people], CONTEXT)
    assert asked == [{person["id"] for person in people}]
    assert store.keys.of(ACME).keys() == {person["id"] for person in people}


@pytest.mark.parametrize("other", [GivenKeys({1: b"o" * 32}), GivenKeys({2: b"k" * 32})])
def test_another_key_encryption_key_is_told_before_anything_is_done_with_it(plans, connection_strings, other):
    with opened(connection_strings, other):
        pass
    handle(plans, "add-stakeholder", **JANE)
    with (
        pytest.raises(WrongKeyEncryptionKey, match="Set PLANTRAIL_KEY_ENCRYPTION_KEY to that key"),
        opened(connection_strings, other),
    ):
        pass


# Forgetting


def texts(plans):
    known = plans.read(ACME)
    return to_json([(record.event, record.meta.reason) for record in known.records]).decode()


@pytest.fixture
def story(plans):
    """Jäne in many places, and somebody else's note between."""
    handle(plans, "add-stakeholder", **JANE)
    handle(plans, "add-stakeholder", id="cto", level="executive", name="Jim Roe", title="CTO")
    handle(plans, "change-sentiment", id="cfo", attitude=-1, evidence="she frowned")
    handle(plans, "write-note", id="n1", section="plan", text="Jäne and Jim do not speak", about=["cfo", "cto"])
    handle(plans, "write-note", id="n2", section="plan", text="Jim is new here", about=["cto"])
    handle(plans, "write-note", id="n3", section="plan", text="Prices go up")
    return plans


def test_who_is_forgotten_is_forgotten_in_every_process_and_in_every_past(story, store, connection_strings):
    with opened(connection_strings, KEY) as elsewhere:
        warm = plans_on(elsewhere)
        assert "frowned" in texts(warm)
        before = warm.read(ACME)
        handle(story, "forget-stakeholder", id="cfo")
        for plans in (story, warm, plans_on(store), plans_on(elsewhere)):
            known = plans.read(ACME)
            assert [word for word in (*SAID_OF_JANE, "frowned", "do not speak") if word in texts(plans)] == []
            assert all(words in texts(plans) for words in ("Jim Roe", "Jim is new here", "Prices go up"))
            assert known.erasures == 1
            for cut in ("now", "version:5", f"event:{before.records[3].id}"):
                view = to_json(current_plan(known, cut_at(cut, known, MONDAY))).decode()
                assert [word for word in (*SAID_OF_JANE, "frowned", "do not speak") if word in view] == []
            assert [type(record.event) for record in known.records[:-1]] == [
                type(record.event) for record in before.records
            ]
    assert store.keys.of(ACME).keys() == {"cto"}


def test_forgetting_leaves_the_shape_of_the_past(story):
    def shape():
        known = story.read(ACME)
        view = from_json(to_json(current_plan(known, cut_at("version:7", known, MONDAY))))
        return shape_of({name: part for name, part in view.items() if name != "as_of"})

    before = shape()
    handle(story, "forget-stakeholder", id="cfo")
    assert shape() == before


def shape_of(value):
    """What is there, how often, and what is a number or a day: all but the words."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape_of(part) for part in value]
    return "words" if isinstance(value, str) else value


def test_nobody_is_forgotten_by_halves_when_the_process_dies_before_the_key_is_destroyed(
    story, store, connection_strings
):
    class DiesFirst(Exception):
        pass

    key = store.keys.of(ACME)["cfo"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(store.events, "forget", Mock(side_effect=DiesFirst))
        with pytest.raises(DiesFirst):
            handle(story, "forget-stakeholder", id="cfo")
        assert store.keys.of(ACME)["cfo"] == key
    with opened(connection_strings, KEY) as next_process:
        assert "Jäne" not in texts(plans_on(next_process))
        assert next_process.keys.of(ACME).keys() == {"cto"}
    assert "Jäne" not in texts(story)


def test_who_was_forgotten_never_gets_a_key_again(story, store):
    """What is said of her all the same, by whoever does not know yet, is gone as it is written."""
    handle(story, "forget-stakeholder", id="cfo")
    assert store.keys.ensure(ACME, ["cfo"]).keys() == {"cto"}
    [record] = store.events.append(commit(ACME, 8, note("Jäne got a discount"), about=("cfo",)))
    for written in (record, story.read(ACME).records[-1], plans_on(store).read(ACME).records[-1]):
        assert written.event.text == "[forgotten]"
        assert [part.open for part in written.sealed] == [False]
    assert in_clear(store, "discount") == []
    assert store.keys.of(ACME).keys() == {"cto"}


def test_nothing_more_is_said_of_somebody_forgotten(story):
    handle(story, "forget-stakeholder", id="cfo")
    with pytest.raises(Refusal, match="was forgotten"):
        handle(story, "write-note", id="n4", section="plan", text="Jäne called again", about=["cfo"])


def test_what_a_goal_was_before_stays_readable_where_it_spoke_of_nobody_forgotten(story):
    goal = {"kind": "revenue", "unit": "EUR", "baseline": "0", "target": "1", "due_on": "2026-12-31", "owner": "ann"}
    handle(story, "set-goal", id="g", statement="Jäne buys", measure="Orders", about=["cfo"], **goal)
    handle(story, "revise-goal", id="g", measure="Jim's orders", reason="Jim asked", about=["cto"])
    handle(story, "forget-stakeholder", id="cfo")
    handle(story, "revise-goal", id="g", statement="They buy", measure="All orders", reason="new budget")
    former = story.read(ACME).records[-1].event.former
    assert (former.statement, former.measure) == ("[forgotten]", "Jim's orders")


@pytest.mark.usefixtures("story")
def test_a_key_that_is_lost_takes_the_words_and_nothing_else(connection_strings):
    with connected(connection_strings.owner) as connection:
        connection.execute("DELETE FROM plantrail_keys.person_keys WHERE stakeholder = 'cfo'")
    with opened(connection_strings, KEY) as next_process:
        plans = plans_on(next_process)
        assert "Jäne" not in texts(plans)
        handle(plans, "change-sentiment", id="cfo", attitude=1, evidence="she smiled")
        plans = plans_on(next_process)
        person = plans.read(ACME).state.named("stakeholder", "cfo")
        assert (person.name, person.evidence, person.attitude) == ("[forgotten]", "she smiled", 1)
