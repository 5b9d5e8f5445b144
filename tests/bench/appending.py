"""Appends: ours beside the bare library recorder and beside pgbench's one-row inserts, at 1, 8 and 32 callers."""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import Store
from application.aggregates.ports import Commit, ToRecord
from domain.account_plan.play_states import PlayStarted
from tests.bench.history import BEGAN, COMMAND_ID, CONTEXT

SECONDS = 3.0
EVENT = PlayStarted(id="pilot-line-b", started_on=BEGAN.date())
STATE = (
    b'{"meta":{"recorded_at":"2025-01-06T08:00:00Z","actor":"ann","source":"api",'
    b'"command_id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","request_id":"0f2cbb86-3b0c-4d1c-9d3f-08b0a3a5d2f1",'
    b'"correlation_id":"0f2cbb86-3b0c-4d1c-9d3f-08b0a3a5d2f1"},"data":{"id":"pilot-line-b",'
    b'"started_on":"2025-01-06"},"sealed":[]}'
)


def per_second(callers: int, append: Callable[[UUID, int], Any], seconds: float = SECONDS) -> float:
    """Return how many one-event appends are recorded per second by so many callers, each on plans of its own."""
    counts, begin = [0] * callers, Barrier(callers + 1)
    until = [0.0]

    def call(caller: int) -> None:
        begin.wait()
        plan, version = uuid4(), 0
        while perf_counter() < until[0]:
            append(plan, version)
            version += 1
            counts[caller] += 1
            if version == 100:
                plan, version = uuid4(), 0

    threads = [Thread(target=call, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    until[0] = perf_counter() + seconds
    began = perf_counter()
    begin.wait()
    for thread in threads:
        thread.join()
    return sum(counts) / (perf_counter() - began)


def ours(store: Store) -> Callable[[UUID, int], Any]:
    """Return an append through the event store port, encoding included."""

    def append(plan: UUID, version: int) -> None:
        to_record = ToRecord(EVENT, BEGAN, COMMAND_ID)
        assert store.events.append(Commit(plan, version, [to_record], CONTEXT)) is not None

    return append


def library(server: EmbeddedPostgres) -> tuple[PostgresDatastore, Callable[[UUID, int], Any]]:
    """Return an append by the library's recorder as it comes, on a table of its own, with as many connections as
    callers."""
    where = conninfo_to_dict(server.conninfo("superuser"))
    with psycopg.connect(server.conninfo("superuser"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bare_library")
    datastore = PostgresDatastore(
        str(where["dbname"]), str(where["host"]), where.get("port", 5432), str(where["user"]), str(where["password"]),
        pool_size=32, schema="bare_library",
    )  # fmt: skip
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()

    def append(plan: UUID, version: int) -> None:
        recorder.insert_events([StoredEvent(plan, version + 1, "PlayStarted", STATE)])

    return datastore, append


def pgbench(server: EmbeddedPostgres, callers: int, seconds: int = int(SECONDS)) -> float:
    """Return how many rows pgbench inserts per second, one by one, into a table with only a primary key. This is the
    upper limit, because nothing is locked or checked."""
    script = (
        "\\set a random(1, 9000000000000000)\n"
        "INSERT INTO pgbench_rows (id, version, topic, state)"
        f" VALUES (:a, 1, 'PlayStarted', '{STATE.decode()}');\n"
    )
    with psycopg.connect(server.conninfo("superuser"), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS pgbench_rows")
        connection.execute(
            "CREATE TABLE pgbench_rows (id bigint, version bigint, topic text, state bytea, position bigserial,"
            " PRIMARY KEY (id, version))"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "insert.sql")
        file.write_text(script, "utf-8")
        command, environment = pgbench_command(server)
        jobs = min(callers, os.cpu_count() or 1)
        options = ["-n", "-f", str(file), "-c", str(callers), "-j", str(jobs), "-T", str(seconds), "-M", "prepared"]
        done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def pgbench_command(server: EmbeddedPostgres) -> tuple[list[str], dict[str, str]]:
    where = conninfo_to_dict(server.conninfo("superuser"))
    program = server.command("pgbench")[0]
    environment = os.environ | {
        "PGHOST": str(where["host"]),
        "PGPORT": str(where.get("port", 5432)),
        "PGUSER": str(where["user"]),
        "PGPASSWORD": str(where["password"]),
        "PGDATABASE": str(where["dbname"]),
    }
    return [program], environment


def measure(server: EmbeddedPostgres, store: Store) -> dict[str, Any]:
    datastore, bare = library(server)
    figures: dict[str, Any] = {}
    mine = ours(store)
    per_second(2, mine, 0.5)
    per_second(2, bare, 0.5)
    for callers in (1, 8, 32):
        # The contestants run in turn, twice, because the speed of the machine drifts.
        runs = [(per_second(callers, mine), per_second(callers, bare), pgbench(server, callers)) for _ in range(2)]
        we, they, limit = (sum(column) / len(column) for column in zip(*runs, strict=True))
        figures[str(callers)] = {
            "ours_per_second": round(we),
            "library_per_second": round(they),
            "pgbench_per_second": round(limit),
            "times_library": round(we / they, 2),
            "times_pgbench": round(we / limit, 2),
        }
    datastore.close()
    return figures
