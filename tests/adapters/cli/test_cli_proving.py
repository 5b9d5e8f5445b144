"""Proof on the command line: a checkpoint to keep, and what is said of a log that was altered."""

import json

import psycopg
import pytest

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, opened
from adapters.proof.checkpoints import VerifierKey, checkpoint_in
from application.proof.checkpoints import claimed
from tests.adapters.cli.test_cli import environment, plantrail, refused
from tests.conftest import KEY
from tests.proving import told
from tests.stores import connected


@pytest.fixture
def logged(connection_strings: ConnectionStrings, tmp_path) -> dict[str, str]:
    """Return an environment with a log of ten events."""
    with opened(connection_strings, KEY) as store:
        told(store, notes=7)
    return environment(connection_strings) | {"PLANTRAIL_HOME": str(tmp_path / "home")}


def test_a_checkpoint_is_made_and_printed_and_so_is_its_key(logged):
    note = plantrail("checkpoint", **logged).stdout
    key = plantrail("checkpoint", "--key", **logged).stdout
    assert checkpoint_in(note, [VerifierKey.read(key)]).size == 10
    assert plantrail("checkpoint", **logged).stdout == note


def test_a_log_is_verified_in_words(logged, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text(plantrail("checkpoint", **logged).stdout)
    shown = plantrail("verify", "--checkpoint", str(kept), **logged).stdout
    assert shown.startswith("As they were signed: 10 events of 2 plans.\nCheckpoints that agree: 1, the last one of 20")
    assert shown.endswith("\nKept elsewhere, and agreeing: 1 checkpoint.\n")


def test_what_was_verified_is_told_to_programs_as_well(logged, tmp_path):
    before = json.loads(plantrail("verify", "--json", **logged).stdout)
    assert before == {
        "events_covered": 0,
        "events_not_covered": 10,
        "plans": 0,
        "checkpoints": 0,
        "checkpoints_kept_elsewhere": 0,
        "last": None,
    }
    kept = tmp_path / "kept"
    kept.write_text(plantrail("checkpoint", **logged).stdout)
    found = json.loads(plantrail("verify", "--checkpoint", str(kept), "--json", **logged).stdout)
    assert (found["events_covered"], found["plans"], found["checkpoints_kept_elsewhere"]) == (10, 2, 1)
    assert found["last"]["size"] == 10
    assert bytes.fromhex(found["last"]["root"]) == claimed(kept.read_text()).root


def test_what_is_not_covered_is_said(logged):
    assert plantrail("verify", **logged).stdout == (
        "As they were signed: 0 events of 0 plans.\n"
        "Not under a checkpoint yet, so that nothing is proven of them: 10 events.\n"
    )


def test_what_was_altered_is_named_and_the_command_fails(logged, connection_strings, postgres: EmbeddedPostgres):
    plantrail("checkpoint", **logged)
    name = psycopg.conninfo.conninfo_to_dict(connection_strings.owner)["dbname"]
    with connected(postgres.conninfo("superuser", str(name))) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE plantrail.stored_events SET topic = 'NoteWriten' WHERE notification_id = 5")
    why = refused("verify", **logged)
    assert why.startswith("The log was altered. The event at position 5 (plan ")
    assert why.endswith("version 1) is not as it was signed.")


def test_what_is_no_checkpoint_and_no_key_is_said(logged, tmp_path):
    (tmp_path / "empty").touch()
    assert refused("verify", "--checkpoint", str(tmp_path / "empty"), **logged).startswith("There is no checkpoint in")
    assert "No such file" in refused("verify", "--checkpoint", str(tmp_path / "none"), **logged)
    assert refused("verify", "--key", "mine", **logged).startswith("A verifier key reads NAME+ID+KEY")
