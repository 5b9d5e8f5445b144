"""Parquet for a warehouse, read back by pyarrow: everything once, run after run, whatever came in between."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from adapters.exchange.tables.columns import columns_of
from adapters.exchange.warehouse import folder as warehouse
from adapters.exchange.warehouse.folder import FolderRefused, opened
from adapters.exchange.warehouse.rows import EVENTS, MEASURES, schema_of
from application.findings.across import PlanFinding
from application.portfolio.promises import PlanPromise
from tests.adapters.cli.test_cli import environment, plantrail, refused
from tests.api import Api, Told
from tests.stores import log

COLUMNS = {
    "events": "position:int64 event_id:string plan_id:string version:int64 type:string name:string section:string"
    " kind:string id:string recorded_at:timestamp[us, tz=UTC] actor:string on_behalf_of:string source:string"
    " reason:string correlation_id:string data:string",
    "measures": "measure:string unit:string account_id:string account_name:string key:string currency:string"
    " converted:bool value:decimal128(38, 9) provisional:bool",
    "promises": "plan_id:string account_id:string account_name:string noun:string id:string kind:string title:string"
    " owner:string side:string state:string due_on:date32[day] first_due_on:date32[day] times_moved:int64"
    " overdue:bool days_overdue:int64 since_review:string outcome:string",
    "findings": "rule:string about:string severity:string sentence:string since_on:date32[day] things:string"
    " events:string policy_version:int64 seed:string remedies:string excused_by:string"
    " excused_until_on:date32[day] excused_reason:string excused_event:string plan_id:string"
    " account_id:string account_name:string tier:string owner:string",
}


def events_in(folder: Path) -> list[dict[str, Any]]:
    table = ds.dataset(folder / "events", partitioning="hive").to_table()
    return sorted(table.to_pylist(), key=lambda row: row["position"])


def run(folder: Path, api: Api) -> int:
    with opened(folder) as files:
        return sum(files.add_events(api.store.feed))


def test_every_event_is_written_once_and_further_runs_add_what_is_new(api: Api, tmp_path, monkeypatch):
    monkeypatch.setattr(warehouse, "ROWS_IN_MEMORY", 3)
    monkeypatch.setattr(warehouse, "EVENTS_A_PAGE", 2)
    acme = api.with_a_plan("acme")
    for number in range(6):
        acme.done("write-note", id=f"n{number}", section="plan", text=f"Note {number}")
    assert run(tmp_path / "w", acme) == 7
    assert run(tmp_path / "w", acme) == 0
    acme.clock.now = datetime(2026, 2, 3, tzinfo=UTC)
    acme.done("write-note", id="later", section="plan", text="Later")
    assert run(tmp_path / "w", acme) == 1
    rows = events_in(tmp_path / "w")
    stored = log(acme.store.where.owner)
    assert [row["position"] for row in rows] == [row.position for row in stored]
    assert [row["event_id"] for row in rows] == [f"{row.plan_id}:{row.version}" for row in stored]
    assert [(row["month"], row["name"], row["id"]) for row in rows[-2:]] == [
        ("2026-01", "note-written", "n5"), ("2026-02", "note-written", "later"),
    ]  # fmt: skip
    assert json.loads(rows[-1]["data"])["text"] == "Later"
    assert rows[-1]["recorded_at"] == datetime(2026, 2, 3, tzinfo=UTC)


def test_what_a_run_that_was_cut_short_left_behind_is_written_over(api: Api, tmp_path, monkeypatch):
    acme = api.with_a_plan("acme")
    acme.done("write-note", id="n", section="plan", text="Seen")

    def cut_short(*_: Any) -> None:
        raise KeyboardInterrupt

    with opened(tmp_path / "w") as files:
        monkeypatch.setattr(files, "_keep", cut_short)
        with pytest.raises(KeyboardInterrupt):
            list(files.add_events(acme.store.feed))
    assert len(events_in(tmp_path / "w")) == 2
    (tmp_path / "w" / "_progress.json").write_text("{}")
    acme.done("write-note", id="m", section="plan", text="Seen again")
    assert run(tmp_path / "w", acme) == 3
    assert [row["version"] for row in events_in(tmp_path / "w")] == [1, 2, 3]


def test_no_word_about_people_is_in_any_event(told: Told, tmp_path):
    run(tmp_path, told.api)
    rows = events_in(tmp_path)
    assert len(rows) >= told.api.version
    added = [json.loads(row["data"]) for row in rows if row["name"] == "stakeholder-added"]
    assert added
    assert not any({"name", "email", "phone"} & data.keys() for data in added)


def test_columns_stay_as_they_are():
    def told(schema: Any) -> str:
        return " ".join(f"{field.name}:{field.type}" for field in schema)

    assert told(EVENTS) == COLUMNS["events"]
    assert told(MEASURES) == COLUMNS["measures"]
    for name, item in (("promises", PlanPromise), ("findings", PlanFinding)):
        assert told(schema_of(columns_of(item))) == COLUMNS[name]


def test_one_run_at_a_time_writes_into_a_folder_that_is_its_own(tmp_path):
    (tmp_path / "other").write_text("x")
    with pytest.raises(FolderRefused, match="something else"), opened(tmp_path):
        pass
    with opened(tmp_path / "w"), pytest.raises(FolderRefused, match="Another run"), opened(tmp_path / "w"):
        pass
    (tmp_path / "w" / "_progress.json").write_text('{"shape": 99}')
    with pytest.raises(FolderRefused, match="another shape"), opened(tmp_path / "w"):
        pass


def test_the_command_writes_all_of_it_and_says_how_much(stores, tmp_path):
    with stores.lend() as where:
        demo = Path(__file__).parents[3] / "adapters" / "cli" / "demo"
        plantrail("load", str(demo / "win-back.jsonl"), **environment(where))
        folder = tmp_path / "w"
        told = json.loads(plantrail("export", "parquet", str(folder), "--json", **environment(where)).stdout)
        assert told["events"] == told["position"] == len(events_in(folder))
        promises = pq.read_table(folder / "promises" / "promises.parquet").to_pylist()
        assert len(promises) == told["promises"] > 0
        assert all(row["due_on"] and row["owner"] for row in promises)
        assert pq.read_metadata(folder / "findings" / "findings.parquet").num_rows == told["findings"]
        measures = ds.dataset(folder / "measures", partitioning="hive").to_table().to_pylist()
        assert len(measures) == told["measures"]
        assert any(isinstance(row["value"], Decimal) and row["measure"] == "arr" for row in measures)
        again = json.loads(plantrail("export", "parquet", str(folder), "--json", **environment(where)).stdout)
        assert (again["events"], again["promises"]) == (0, told["promises"])
        assert again["measures"] < told["measures"]
        assert "something else" in refused("export", "parquet", str(tmp_path), **environment(where))
        assert plantrail("export", **environment(where)).stdout.startswith('{"position":1,')
