"""Forgotten people stay forgotten: whenever a process dies, in every cache, and in every copy of the database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.bootstrap.background import forgetting
from adapters.events.stored_format import decode
from adapters.http.conditional import Answer, ReadyAnswers
from adapters.postgres import erasures
from adapters.postgres.store import ConnectionStrings, Store, begin_another_log, opened
from adapters.postgres.transfer import exported_events, import_events
from adapters.privacy.erasure_list import ErasureList, ErasureListUnfit
from adapters.privacy.key_encryption import KeyFiles, WrongKeyEncryptionKey
from application.aggregates.ports import StoreUnavailable
from domain.account_plan.stakeholders import Stakeholder
from domain.language import Refusal
from tests.adapters.cli.test_cli import environment, plantrail, refused
from tests.api import Api, assert_problem, served
from tests.conftest import database
from tests.stores import ACME, connected, handle, log, opened_acme, plans_on, wait_until

JANE = {"id": "cfo", "level": "executive", "name": "Jäne Doe"}
JIM = {"id": "cto", "level": "executive", "name": "Jim Roe"}


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "erasures.jsonl"


@pytest.fixture
def listed(file) -> ErasureList:
    return ErasureList(file, make=True)


@pytest.fixture
def keys(tmp_path) -> KeyFiles:
    return KeyFiles(tmp_path)


@pytest.fixture
def store(connection_strings, keys, listed) -> Iterator[Store]:
    with opened(connection_strings, keys, listed) as store:
        yield store


@pytest.fixture
def plans(store):
    """Return the plans of a store with two people, one of whom is going to be forgotten."""
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", **JANE)
    handle(plans, "add-stakeholder", **JIM)
    return plans


def names(store):
    return [person.name for person in plans_on(store).read(ACME).state.all(Stakeholder).values()]


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


# Under several ids


def test_whoever_was_entered_twice_is_forgotten_under_both_ids(plans, store, file):
    handle(plans, "merge-stakeholder", id="cto", into="cfo")
    handle(plans, "forget-stakeholder", id="cto")
    assert names(store) == ["[forgotten]", "[forgotten]"]
    assert [line["stakeholder"] for line in lines_of(file)] == ["cfo", "cto"]
    assert {each.stakeholder for each in store.erasures.certificates(ACME)} == {"cfo", "cto"}


def test_who_was_withdrawn_can_still_be_forgotten_in_the_cuts_that_keep_them(plans, store, file):
    handle(plans, "withdraw-stakeholder", id="cfo", reason="Works elsewhere")
    handle(plans, "forget-stakeholder", id="cfo")
    assert names(store) == ["Jim Roe"]
    known = plans_on(store).read(ACME)
    assert [record.event.name for record in known.records[1:3]] == ["[forgotten]", "Jim Roe"]
    assert [line["stakeholder"] for line in lines_of(file)] == ["cfo"]


# The certificate


@pytest.fixture
def acme(store) -> Iterator[Api]:
    with served(store) as api:
        acme = api.with_a_plan("acme")
        acme.done("add-stakeholder", **JANE)
        yield acme


def test_forgetting_answers_a_certificate_that_is_final_when_the_old_key_generation_is_destroyed(acme, store, file):
    answer = acme.done("forget-stakeholder", id="cfo")
    certificate = answer["certificate"]
    [_, _, forgotten] = log(store.where.service)
    assert certificate["event"] == answer["events"][0]["id"] == f"{ACME}:3"
    assert certificate["event_sha256"] == sha256(forgotten.state).hexdigest()
    assert (certificate["stakeholder"], certificate["forgotten_by"]) == ("cfo", "ann")
    assert certificate["key_made_at"] < certificate["key_destroyed_at"] <= certificate["listed_at"]
    assert (certificate["final"], certificate["generations"], len(certificate["remains"])) == (False, [1], 1)
    assert acme.view("/erasures/cfo").json() == certificate
    assert acme.view("/erasures").json() == {"items": [certificate]}
    assert [line["certificate"] for line in lines_of(file)] == [certificate["id"]]

    store.generations.begin()
    store.generations.rewrap()
    assert not acme.view("/erasures/cfo").json()["final"]
    store.generations.destroy(1)
    final = acme.view("/erasures/cfo").json()
    assert (final["final"], final["generations"], final["remains"]) == (True, [], [])
    assert final["final_at"] > certificate["key_destroyed_at"]


CALL = {"kind": "task", "owner": "ann", "due_on": "2026-03-02"}


def test_before_it_is_confirmed_and_in_the_certificate_forgetting_tells_which_words_go_and_which_stay(acme):
    named = acme.done("add-action", id="call", statement="Call jane DOE about the tour", **CALL)
    assert [(each["code"], each["pointer"]) for each in named["warnings"]] == [("names-a-person", "/statement")]
    acme.done("add-action", id="card", statement="Order cards at Doe & Sons", about=[], **CALL)
    called = acme.done("add-action", id="call-jane-doe", statement="Call the plant", **CALL)
    assert [(each["code"], each["pointer"]) for each in called["warnings"]] == [("names-a-person", "/id")]
    preview = acme.view("/preview-forgetting", id="cfo").json()
    assert (preview["ids"], preview["on_hold"]) == (["cfo"], False)
    assert [(each["event"], each["fields"]) for each in preview["traces"]["gone"]] == [
        (f"{ACME}:2", ["name"]),
        (f"{ACME}:3", ["statement"]),
    ]
    assert [(each["event"], each["fields"], each["sealed_for"]) for each in preview["traces"]["left"]] == [
        (f"{ACME}:4", ["statement"], []),
        (f"{ACME}:5", ["id"], []),
    ]
    certificate = acme.done("forget-stakeholder", id="cfo")["certificate"]
    assert certificate["traces"] == preview["traces"]
    assert acme.view("/erasures/cfo").json()["traces"] == preview["traces"]
    history = acme.view("/history").text
    assert ("jane DOE" in history, "Doe & Sons" in history) == (False, True)
    assert_problem(acme.view("/preview-forgetting", id="cfo"), 404, "unknown-stakeholder")
    assert_problem(acme.view("/preview-forgetting", id="nobody"), 404, "unknown-stakeholder")
    assert_problem(acme.view("/preview-forgetting"), 422, "invalid-parameters", "/id")


def test_a_key_made_after_a_rotation_is_not_waited_for_longer_than_its_own_generation(plans, store):
    store.generations.begin()
    handle(plans, "add-stakeholder", id="coo", level="executive", name="Ida Poe")
    store.generations.rewrap()
    for who, generations in (("cfo", [1, 2]), ("coo", [2])):
        handle(plans, "forget-stakeholder", id=who)
        assert store.erasures.certificate(ACME, who).generations == generations


def test_asking_again_answers_the_same_certificate(acme):
    key = {"Idempotency-Key": "key-1"}
    first, again, anew = (acme.do("forget-stakeholder", headers=headers, id="cfo") for headers in (key, key, {}))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["certificate"] == again.json()["certificate"] == anew.json()["certificate"]
    assert (len(first.json()["events"]), len(anew.json()["events"])) == (1, 0)


def test_under_a_legal_hold_nobody_is_forgotten_and_after_it_they_are_also_when_the_plan_is_archived(acme, store):
    assert_problem(acme.do("place-hold"), 422, "invalid-fields", "/reason")
    acme.done("place-hold", reason="Lawsuit")
    acme.done("archive-plan", reason="Sold")
    assert_problem(acme.do("forget-stakeholder", id="cfo"), 409, "legal-hold", "/id")
    assert_problem(acme.view("/erasures/cfo"), 404, "not-forgotten")
    assert store.keys.of(ACME).keys() == {"cfo"}
    assert_problem(acme.do("release-hold"), 422, "invalid-fields", "/reason")
    acme.done("release-hold", reason="Settled")
    assert acme.done("forget-stakeholder", id="cfo")["certificate"]["stakeholder"] == "cfo"
    assert store.keys.of(ACME) == {}


def test_the_command_line_shows_who_was_forgotten(connection_strings, file, store, plans):
    where = environment(connection_strings) | {
        "PLANTRAIL_ERASURES_FILE": str(file),
        "PLANTRAIL_KEY_ENCRYPTION_KEY": (file.parent / "key-encryption-key").read_text(),
    }
    assert "Nobody was forgotten." in plantrail("erasures", **where).stdout
    handle(plans, "forget-stakeholder", id="cfo")
    assert "until key generation 1 is destroyed" in plantrail("erasures", **where).stdout
    told = plantrail("erasures", "acme", "cfo", **where).stdout
    assert "Certificate of erasure" in told
    assert "destroy-generation 1" in told
    as_json = json.loads(plantrail("erasures", "acme", "cfo", "--json", **where).stdout)
    assert as_json == store.erasures.certificate(ACME, "cfo").model_dump(mode="json")
    assert "Nobody “cto” was forgotten" in refused("erasures", "acme", "cto", **where)


# The list


def test_the_list_names_ids_and_nobodys_words(plans, store, file):
    handle(plans, "forget-stakeholder", id="cfo", reason="Jäne asked for it")
    [line] = lines_of(file)
    added, forgotten = (json.loads(log(store.where.service)[place].state)["meta"] for place in (1, 3))
    assert line == {
        "log": line["log"],
        "plan_id": str(ACME),
        "stakeholder": "cfo",
        "person": added["command_id"],
        "event": f"{ACME}:4",
        "forgotten_at": forgotten["recorded_at"],
        "by": "ann",
        "certificate": forgotten["command_id"],
    }
    assert file.stat().st_mode & 0o777 == 0o600


def test_nobody_is_told_before_the_list_is_on_the_disk(acme, store, file):
    """While it cannot be written nothing is confirmed, though nobody can read the words any more."""
    aside = file.rename(file.with_name("aside"))
    file.mkdir()
    answer = acme.do("forget-stakeholder", id="cfo")
    assert_problem(answer, 503, "erasure-list-unfit")
    assert store.keys.of(ACME) == {}
    assert acme.view("/erasures").json() == {"items": []}
    file.rmdir()
    aside.rename(file)
    assert acme.done("forget-stakeholder", id="cfo")["certificate"]["stakeholder"] == "cfo"
    assert [line["stakeholder"] for line in lines_of(file)] == ["cfo"]


def test_a_line_whose_writer_was_killed_is_passed_over_and_the_next_is_whole(plans, file):
    handle(plans, "forget-stakeholder", id="cfo")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])
    assert len(ErasureList(file).all()) == 1
    handle(plans, "forget-stakeholder", id="cto")
    assert file.read_bytes().startswith(whole + whole[:40] + b"#torn\n")
    assert [each.stakeholder for each in ErasureList(file).all()] == ["cfo", "cto"]


def test_many_processes_write_one_list(plans, connection_strings, keys, file):
    with opened(connection_strings, keys, ErasureList(file)) as other:
        handle(plans, "forget-stakeholder", id="cfo")
        handle(plans_on(other), "forget-stakeholder", id="cto")
    assert [line["stakeholder"] for line in lines_of(file)] == ["cfo", "cto"]


def test_a_service_that_cannot_read_the_configured_list_does_not_start(connection_strings, file):
    where = environment(connection_strings) | {"PLANTRAIL_ERASURES_FILE": str(file)}
    assert "for a new deployment create the file, empty" in refused("serve", "--port", "18999", **where)
    file.write_text('{"log":')
    assert "Nobody was forgotten." in plantrail("erasures", **where).stdout
    file.write_text('{"log":\n')
    assert "is damaged after its byte 0" in refused("serve", "--port", "18999", **where)


# Whoever dies on the way


@pytest.mark.parametrize(
    "dies_at", ["PostgresPersonKeys.destroy", "ErasureList.add", "sha256", "added_by"], ids=lambda name: name
)
def test_whatever_a_process_dies_over_the_next_one_completes(dies_at, plans, connection_strings, keys, file):
    class Dies(BaseException):
        pass

    def die(*_):
        raise Dies

    with pytest.MonkeyPatch.context() as monkeypatch:
        if dies_at == "sha256":  # after the list, before the store notes it
            add = ErasureList.add
            monkeypatch.setattr(ErasureList, "add", lambda *given: (add(*given), die()))
        else:
            monkeypatch.setattr(f"adapters.postgres.erasures.{dies_at}", die)
        with pytest.raises(Dies):
            handle(plans, "forget-stakeholder", id="cfo")
    with opened(connection_strings, keys, ErasureList(file)) as next_process:
        assert next_process.keys.of(ACME).keys() == {"cto"}
        certificate = next_process.erasures.certificate(ACME, "cfo")
        assert [line["certificate"] for line in lines_of(file)] == [certificate.id]
        assert len(log(connection_strings.service)) == 4, "it is not recorded twice"


def test_another_process_completes_it_while_it_runs(store, plans, connection_strings, keys, file):
    with (
        opened(connection_strings, keys, ErasureList(file)) as running,
        forgetting(running),
        pytest.MonkeyPatch.context() as it,
    ):
        it.setattr(store.events, "forget", lambda *_: None)
        handle(plans, "forget-stakeholder", id="cfo")
        wait_until(lambda: running.erasures.certificate(ACME, "cfo"), seconds=5)
    assert store.keys.of(ACME).keys() == {"cto"}


# Memories


def test_every_process_drops_what_it_remembers_of_the_plan(plans, connection_strings, keys, listed):
    with opened(connection_strings, keys, listed) as elsewhere:
        warm = plans_on(elsewhere)
        dropped = []
        elsewhere.erasures.when_forgotten(warm.drop)
        elsewhere.erasures.when_forgotten(dropped.append)
        assert warm.read(ACME).version == 3
        elsewhere.erasures.sweep()
        assert dropped == []
        handle(plans, "forget-stakeholder", id="cfo")
        elsewhere.erasures.sweep()
        assert dropped == [ACME]
        assert warm.remembered(ACME).records == ()
        assert elsewhere.application.mapper._keys._plans == {}


def test_what_is_put_into_a_memory_a_moment_too_late_is_dropped_as_well(store, plans, monkeypatch):
    dropped = []
    store.erasures.when_forgotten(dropped.append)
    handle(plans, "forget-stakeholder", id="cfo")
    store.erasures.sweep()
    before = len(dropped)
    monkeypatch.setattr(erasures, "monotonic", lambda clock=erasures.monotonic: clock() + 20)
    store.erasures.sweep()
    assert len(dropped) > before


def test_ready_answers_of_a_plan_are_dropped_and_no_others():
    ready, other = ReadyAnswers(), uuid4()
    for plan_id in (ACME, other):
        for asked in (b"a", b"b"):
            ready.put((plan_id, "1.0"), asked, Answer(b"answer"))
    ready.drop(ACME)
    assert [ready.get((plan_id, "1.0"), b"a") is None for plan_id in (ACME, other)] == [True, False]


# Copies of the database


@contextmanager
def copied(postgres, where: ConnectionStrings) -> Iterator[ConnectionStrings]:
    """A database as a backup of this moment has it, restored."""
    with database(postgres, str(conninfo_to_dict(where.owner)["dbname"])) as copy:
        yield copy


@pytest.fixture
def told(postgres, keys, listed) -> Iterator[ConnectionStrings]:
    """Yield a store with two people that no process has open."""
    with database(postgres) as where:
        with opened(where, keys, listed) as store:
            plans = opened_acme(plans_on(store))
            handle(plans, "add-stakeholder", **JANE)
            handle(plans, "add-stakeholder", **JIM)
        yield where


def test_who_is_on_the_list_is_forgotten_in_a_restored_copy_before_it_is_used(postgres, told, keys, file):
    with copied(postgres, told) as backup:
        with opened(told, keys, ErasureList(file)) as store:
            handle(plans_on(store), "place-hold", reason="Lawsuit")
            handle(plans_on(store), "release-hold", reason="Settled")
            handle(plans_on(store), "forget-stakeholder", id="cfo")
            [*_, original] = log(told.service)
            certificate = store.erasures.certificate(ACME, "cfo")
        begin_another_log(backup)
        with opened(backup, keys, ErasureList(file)) as restored:
            assert [each.stakeholder for each in restored.forgotten_again] == ["cfo"]
            assert names(restored) == ["[forgotten]", "Jim Roe"]
            assert restored.keys.of(ACME).keys() == {"cto"}
            [*_, again] = log(backup.service)
            first, second = (json.loads(row.state) for row in (original, again))
            assert second["data"] == first["data"]
            assert second["meta"]["recorded_at"] == first["meta"]["recorded_at"]
            assert restored.erasures.certificate(ACME, "cfo").id == certificate.id
            with pytest.raises(Refusal, match="was forgotten"):
                handle(plans_on(restored), "change-sentiment", id="cfo", attitude=1, evidence="Jäne smiled")
        with opened(backup, keys, ErasureList(file)) as once_more:
            assert once_more.forgotten_again == []
            assert len(log(backup.service)) == 4
    assert len(lines_of(file)) == 1


@pytest.mark.torture
def test_a_legal_hold_of_the_copy_does_not_bring_anybody_back(postgres, told, keys, file):
    with opened(told, keys, ErasureList(file)) as store:
        handle(plans_on(store), "place-hold", reason="Lawsuit")
    with copied(postgres, told) as backup:
        with opened(told, keys, ErasureList(file)) as store:
            handle(plans_on(store), "release-hold", reason="Settled")
            handle(plans_on(store), "forget-stakeholder", id="cfo")
        with opened(backup, keys, ErasureList(file)) as restored:
            assert names(restored) == ["[forgotten]", "Jim Roe"]


def test_who_is_on_the_list_is_forgotten_in_an_imported_log(stores, told, keys, file):
    with opened(told, keys, ErasureList(file)) as store:
        lines, person_keys = list(exported_events(store.datastore)), store.keys.all()
        handle(plans_on(store), "forget-stakeholder", id="cfo")
    with stores.lend() as empty, opened(empty, keys, ErasureList(file)) as copy:
        copy.keys.add(person_keys)
        import_events(empty.owner, lines)
        assert [each.stakeholder for each in copy.erasures.catch_up(copy.events)] == ["cfo"]
        assert names(copy) == ["[forgotten]", "Jim Roe"]


@pytest.mark.torture
def test_somebody_of_the_same_id_in_another_log_is_not_forgotten(stores, told, keys, file):
    with opened(told, keys, ErasureList(file)) as store:
        handle(plans_on(store), "forget-stakeholder", id="cfo")
    with stores.lend() as another:
        with opened(another, keys, ErasureList(file)) as store:
            plans = opened_acme(plans_on(store))
            handle(plans, "add-stakeholder", id="cfo", level="executive", name="Max Poe")
        with opened(another, keys, ErasureList(file)) as store:
            assert names(store) == ["Max Poe"]
            assert store.forgotten_again == []


def test_an_old_copy_cannot_be_read_once_the_generation_of_its_keys_is_destroyed(postgres, told, keys, listed):
    with copied(postgres, told) as backup:
        with opened(told, keys, listed) as store:
            handle(plans_on(store), "forget-stakeholder", id="cfo")
            store.generations.begin()
            store.generations.rewrap()
            store.generations.destroy(1)
            assert names(store) == ["[forgotten]", "Jim Roe"]
            newest = store.keys.all()
            assert store.erasures.certificate(ACME, "cfo").final
        assert "Jäne" not in everything_readable(backup, keys)
        with pytest.raises(WrongKeyEncryptionKey, match="generation 1 is missing"), opened(backup, keys):
            pass
        # The keys from a newer backup of their schema make the old log readable again, but for who was forgotten.
        copy_keys(told, backup)
        with opened(backup, keys, listed) as old_log:
            assert old_log.keys.all() == newest
            assert names(old_log) == ["[forgotten]", "Jim Roe"]
            assert old_log.erasures.certificate(ACME, "cfo").final


def everything_readable(where, keys):
    """Return everything that somebody with the database and all remaining keys can read."""
    with connected(where.owner) as connection:
        rows = connection.execute("SELECT plan_id, stakeholder, generation, wrapped FROM plantrail_keys.person_keys")
        known = {
            who: keys.of(generation).unwrap("person key", f"{plan_id} {who}", wrapped)
            for plan_id, who, generation, wrapped in rows
            if generation in keys.all()
        }
    return str([decode(*row[1:3], row[0], *row[3:], known) for row in log(where.service)])


def copy_keys(source, target):
    """As `pg_dump --schema=plantrail_keys` and `pg_restore --clean` would."""
    with connected(source.owner) as there, connected(target.owner) as here:
        for table in ("generations", "secrets", "person_keys", "erasures"):
            here.execute(f"TRUNCATE plantrail_keys.{table}")
            with (
                there.cursor().copy(f"COPY plantrail_keys.{table} TO STDOUT") as rows,
                here.cursor().copy(f"COPY plantrail_keys.{table} FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write(row)


def test_while_the_store_is_away_nothing_is_swept_and_nothing_breaks(store, plans):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(store.events, "forget", lambda *_: None)
        handle(plans, "forget-stakeholder", id="cfo")
        monkeypatch.setattr(ErasureList, "add", lambda *_: (_ for _ in ()).throw(ErasureListUnfit("full")))
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.erasures.sweep()
    store.erasures.sweep()
    assert store.erasures.certificate(ACME, "cfo")
