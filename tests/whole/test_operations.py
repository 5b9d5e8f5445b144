"""What docs/operations.md promises: a dump restored elsewhere is what it was, but for who was forgotten since."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

import pytest

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, open_store
from domain.account_plan.plan import plan_id_of
from domain.account_plan.stakeholders import Stakeholder
from tests.adapters.cli.test_cli import plantrail, refused
from tests.stores import CONTEXT, connected, log, say

PLAN = plan_id_of("halden-stores")


@pytest.fixture
def homes(_programs: None, tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "here", tmp_path / "elsewhere"


@pytest.mark.torture
def test_a_dump_is_restored_elsewhere_verified_and_forgets_whom_the_list_names(homes, tmp_path):
    here, elsewhere = homes
    dump = str(tmp_path / "dump")
    plantrail("demo", "--no-serve", PLANTRAIL_HOME=str(here))
    kept = tmp_path / "checkpoint"
    kept.write_text(plantrail("checkpoint", PLANTRAIL_HOME=str(here)).stdout)
    with open_store(Settings(home=here)) as store:
        before = log(store.where.service)
        people = account_plans(store).read(PLAN).state.all(Stakeholder)
        who, name = next((person.id, person.name) for person in people.values() if person.name)
        plantrail("db", "dump", dump, PLANTRAIL_HOME=str(here))
        account_plans(store).handle(PLAN, [say("forget-stakeholder", id=who)], CONTEXT)
        certificate = store.erasures.certificate(PLAN, who)

    elsewhere.mkdir()
    there = {"PLANTRAIL_HOME": str(elsewhere)}
    assert "There is no file" in refused("db", "restore", f"{dump}-not", **there)
    assert "is no dump of a database, so nothing was changed" in refused("db", "restore", str(kept), **there)
    # In a home without the keys nothing is replaced, and the log is not taken for altered.
    told = refused("db", "restore", dump, **there)
    assert told.startswith("The database was not replaced. What is in this store was wrapped with another")
    for file in ("key-encryption-key", "log-key", "erasures.jsonl"):
        copy(here / file, elsewhere)
    told = plantrail("db", "restore", dump, **there).stderr
    assert "1 who were forgotten since, by the list of erasures, are forgotten in it again." in told

    with open_store(Settings(home=elsewhere)) as restored:
        after = log(restored.where.service)
        assert [row.state for row in after[: len(before)]] == [row.state for row in before]
        assert [row.topic for row in after[len(before) :]] == ["StakeholderForgotten"]
        known = account_plans(restored).read(PLAN)
        assert known.state.named("stakeholder", who).name == "[forgotten]"
        others = [each.name for each in known.state.all(Stakeholder).values() if each.id != who and each.name]
        assert others
        assert "[forgotten]" not in others
        assert restored.erasures.certificate(PLAN, who).id == certificate.id
        restored.portfolio.rebuild(lambda: datetime(2026, 6, 1, tzinfo=UTC))
        assert restored.portfolio.position() == after[-1].position
    plantrail("checkpoint", **there)
    told = refused("db", "restore", dump, **there)
    assert f"holds {len(after):,} events, which the dump replaces. Say --yes" in told
    altered = tmp_path / "altered"
    with open_store(Settings(home=here)) as store, connected(store.where.owner) as connection:
        connection.execute("ALTER TABLE plantrail.stored_events DISABLE TRIGGER USER")
        connection.execute("UPDATE plantrail.stored_events SET state = state || ' ' WHERE notification_id = 3")
        plantrail("db", "dump", str(altered), PLANTRAIL_HOME=str(here))
    told = refused("db", "restore", "--yes", str(altered), **there)
    assert told.startswith("The database was not replaced. ")
    (elsewhere / "log-key").rename(elsewhere / "log-key.away")
    told = refused("verify", **there)
    assert told.startswith("The log key is missing: ")
    assert not (elsewhere / "log-key").exists()
    (elsewhere / "log-key.away").rename(elsewhere / "log-key")
    verified = plantrail("verify", "--checkpoint", str(kept), PLANTRAIL_HOME=str(elsewhere)).stdout
    assert f"As they were signed: {len(after):,} events" in verified
    shown = plantrail("plan", "show", "halden-stores", "--as-of", "2026-01-31", PLANTRAIL_HOME=str(elsewhere)).stdout
    assert name not in shown
