"""The table of the findings of all plans, which follows the log and the calendar, and the queries of it.

An event only marks its plan. A plan that is marked, or whose verdict has expired, is judged again in its current state.
So a plan is judged once for any number of events that arrive together, and at midnight only the plans are judged whose
verdict may change. Findings are sentences about people: they are stored encrypted, and deleted as soon as anybody in
the plan is forgotten.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic_core import to_json

from adapters.events.stored_format import FORGETTING, topic_of
from adapters.observability.outages import Outages
from adapters.postgres.datastore import Datastore
from adapters.postgres.followers import Follower
from adapters.postgres.marked_plans import MarkedPlansTable, ReadPlans, clear_batch
from adapters.postgres.portfolio import by_plan, visible_to
from adapters.postgres.projections import (
    Logged,
    Now,
)
from application.aggregates.access import Caller
from application.findings.across import (
    FindingPosition,
    FindingsPage,
    FindingsQuery,
    PlanFinding,
    cursor_of,
    position_of,
    put_away,
    taken_out,
)
from application.findings.program_examined import PlanStanding
from application.findings.registry import LOUDNESS
from application.findings.similarity import packed, unpacked
from application.findings.verdict import PlanSigns, Verdict, verdict
from application.views.loaded_plan import LoadedPlan
from domain.program.limits import Severity
from domain.program.policy import PolicyAdopted
from domain.record import Recorded
from domain.things import day_of

NAME = "findings"
SHAPE = 5
"""The number of the table's shape. Raise it when a finding is stored in another form or a rule finds something else."""
SECONDS_AT_REST = 0.25
"""Seconds between two steps of the follower; the table may lag this far behind the log."""
SHARE_OF_TIME = 0.05
"""The follower's share of the time while others record. Judging costs several times as much as a command, and nobody
waits for it."""
SECONDS_BETWEEN_VERDICTS = 1.0
"""Seconds for which the follower leaves a plan alone after judging it. Events recorded meanwhile are judged together.
"""
PLANS_AT_A_TIME = 10
"""Plans judged in one transaction at most, so that the follower can stop within a second."""
NONCE_BYTES, DIGEST_BYTES = 12, 16
NEW_NUMBERS = topic_of(PolicyAdopted.__name__)

MARK = (
    "INSERT INTO plantrail.judged_plans (generation, plan_id, changes_at)"
    " SELECT %s, plan_id, '-infinity' FROM unnest(%s::uuid[]) AS plan_id"
    " ON CONFLICT (generation, plan_id) DO UPDATE SET changes_at = '-infinity'"
)
MARK_ALL = "UPDATE plantrail.judged_plans SET changes_at = '-infinity' WHERE generation = %s"
DUE = (
    "SELECT plan_id, judged, words, found FROM plantrail.judged_plans"
    " WHERE generation = %s AND changes_at <= %s AND plan_id <> ALL(%s) ORDER BY changes_at LIMIT %s"
)
JUDGED = (
    "UPDATE plantrail.judged_plans AS j SET (judged, judged_on, timezone, changes_at, signs, words, found)"
    " = (v.judged, v.judged_on, v.timezone, v.changes_at, v.signs, v.words, v.found)"
    " FROM unnest(%b::uuid[], %s::bigint[], %s::date[], %s::text[], %s::timestamptz[], %s::jsonb[], %b::bytea[],"
    "  %b::bytea[]) AS v (plan_id, judged, judged_on, timezone, changes_at, signs, words, found)"
    " WHERE j.generation = %s AND j.plan_id = v.plan_id"
)
COUNTS = (
    "SELECT plan_id, loudness, count(*) FROM plantrail.findings"
    " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'findings' AND live)"
    " AND plan_id = ANY(%s) AND NOT excused GROUP BY plan_id, loudness ORDER BY plan_id, loudness"
)
NO_LONGER = "DELETE FROM plantrail.findings WHERE generation = %s AND plan_id = ANY(%s)"
FORGOTTEN = "UPDATE plantrail.judged_plans SET found = NULL WHERE generation = %s AND plan_id = ANY(%s)"
SAVE = (
    "INSERT INTO plantrail.findings (generation, plan_id, place, rule, loudness, since_on, excused, box)"
    " SELECT %s, found.* FROM unnest(%b::uuid[], %s::int[], %s::text[], %s::int[], %s::date[], %s::boolean[],"
    "  %b::bytea[]) AS found"
)
OVERTAKEN = (
    "SELECT EXISTS (SELECT FROM plantrail.judged_plans"
    " WHERE generation = %s AND changes_at = '-infinity' AND judged < %s)"
)

ReadProgram = Callable[[], Sequence[Recorded]]
"""Returns the records of the program; none if it does not exist."""


class JudgedPlan(NamedTuple):
    """A plan and the verdict on its current state."""

    id: UUID
    position: int
    """The position of the last event on which the verdict is based."""
    verdict: Verdict
    digest: bytes
    """A keyed digest of the findings and their day. It reveals nothing of what they say."""
    has_others: bool
    """Whether the findings differ from those of the previous verdict."""


class FindingsTable:
    """The table as a projection of the log (`adapters.postgres.projections.Projection`)."""

    name = NAME
    shape = SHAPE

    def __init__(
        self, key: bytes, read: ReadPlans, program: ReadProgram, seconds_between_verdicts: float = 0.0
    ) -> None:
        """`key` has 32 bytes. After a verdict, a plan is not judged again for `seconds_between_verdicts`."""
        self._key, self._cipher = key, AESGCM(key)
        self._read = read
        self._program = program
        self._seconds_between_verdicts = seconds_between_verdicts
        self._left_alone_until: dict[UUID, float] = {}
        """The monotonic time at which each plan may be judged again, in the order of judging."""

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], _now: datetime
    ) -> None:
        for events in batches:
            connection.execute(MARK, (generation, list(by_plan(events))), prepare=True)
            if any(topic == NEW_NUMBERS for _, _, _, topic, _ in events):
                connection.execute(MARK_ALL, (generation,))
            forgetting = {UUID(bytes=plan) for _, plan, _, topic, _ in events if topic in FORGETTING}
            if forgetting:
                connection.execute(NO_LONGER, (generation, list(forgetting)))
                connection.execute(FORGOTTEN, (generation, list(forgetting)))

    def is_due(self, connection: Connection[Any], generation: int, now: datetime) -> bool:
        return bool(self._due(connection, generation, now, 1))

    def age(self, connection: Connection[Any], generation: int, now: datetime) -> None:
        due = self._due(connection, generation, now, PLANS_AT_A_TIME)
        program = self._program() if due else ()
        judged = []
        plans = self._read([plan_id for plan_id, *_ in due])
        for known, (plan_id, position, words, found) in zip(plans, due, strict=True):
            same = unpacked(words) if words is not None and known.position == position else None
            judged.append(self._judged(known, verdict(known, now, program, same), found))
            self._left_alone_until.pop(plan_id, None)
            self._left_alone_until[plan_id] = monotonic() + self._seconds_between_verdicts
        self._save(connection, generation, judged)

    def _due(self, connection: Connection[Any], generation: int, now: datetime, most: int) -> Sequence[tuple[Any, ...]]:
        """Return the plans that must be judged: each with its id, and the position, the packed sentences and the digest
        of its last verdict."""
        left_alone, moment = self._left_alone_until, monotonic()
        while left_alone and next(iter(left_alone.values())) <= moment:
            del left_alone[next(iter(left_alone))]
        return connection.execute(DUE, (generation, now, list(left_alone), most), prepare=True).fetchall()

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        return clear_batch(connection, generation, ("findings", "judged_plans"))

    def _judged(self, known: LoadedPlan, judged: Verdict, found_before: bytes | None) -> "JudgedPlan":
        digest = blake2b(to_json(judged.findings), key=self._key, person=b"findings", digest_size=DIGEST_BYTES)
        digest.update(f"{known.id} {judged.day}".encode())
        found = digest.digest()
        return JudgedPlan(known.id, known.position, judged, found, found != found_before)

    def _save(self, connection: Connection[Any], generation: int, judged: Sequence["JudgedPlan"]) -> None:
        """Store the verdicts. Findings are written only for plans whose findings have changed."""
        others = [each for each in judged if each.has_others]
        rows = [
            (
                plan.id,
                place,
                each.rule,
                LOUDNESS[each.severity],
                each.since_on,
                each.excused is not None,
                self._sealed(plan.id, put_away(each, plan.verdict.day)),
            )
            for plan in others
            for place, each in enumerate(plan.verdict.findings)
        ]
        if others:
            connection.execute(NO_LONGER, (generation, [plan.id for plan in others]), prepare=True)
        if rows:
            connection.execute(SAVE, (generation, *map(list, zip(*rows, strict=True))), prepare=True)
        verdicts = [
            (
                plan.id,
                plan.position,
                plan.verdict.day,
                plan.verdict.timezone,
                plan.verdict.holds_until,
                to_json(plan.verdict.signs).decode(),
                packed(plan.verdict.words),
                plan.digest,
            )
            for plan in judged
        ]
        if verdicts:
            connection.execute(JUDGED, (*map(list, zip(*verdicts, strict=True)), generation), prepare=True)

    def _sealed(self, plan_id: UUID, finding: bytes) -> bytes:
        nonce = token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, finding, plan_id.bytes)


# Asking

COLUMNS = "excused, loudness, since_on, plan_id, place, box, timezone, account_id, account_name, tier, owner"


def statement(query: FindingsQuery, after: FindingPosition | None, caller: Caller | None) -> str:
    """Return the SQL statement of a query. It selects one row more than requested, which shows whether there is another
    page. The portfolio says who owns a plan and who may see it."""
    place = ["(excused, loudness, since_on, plan_id, place) > (%(after)s, %(louder)s, %(day)s, %(plan)s, %(nth)s)"]
    return (
        f"SELECT {COLUMNS} FROM plantrail.findings AS f"
        " JOIN plantrail.judged_plans AS j USING (generation, plan_id)"
        " JOIN (SELECT plan_id, account_id, account_name, tier, owner, people FROM plantrail.portfolio"
        "  WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
        " ) AS p USING (plan_id)"
        " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'findings' AND live) AND "
        + " AND ".join((*wanted(query), *visible_to(caller), *(place if after else ()), "true"))
        + " ORDER BY excused, loudness, since_on, plan_id, place LIMIT %(most)s"
    )


def wanted(query: FindingsQuery) -> Iterator[str]:
    if query.rule:
        yield "rule = ANY(%(rules)s)"
    if query.severity:
        yield "loudness = ANY(%(loudnesses)s)"
    if query.owner:
        yield "owner = %(owner)s"
    if query.tier:
        yield "tier = ANY(%(tiers)s)"
    if query.since:
        yield "since_on >= %(since)s"
    if query.excused is not None:
        yield "excused = %(excused)s"


def values(query: FindingsQuery, after: FindingPosition | None, caller: Caller | None) -> dict[str, Any]:
    names = ("after", "louder", "day", "plan", "nth")
    return {
        "rules": list(query.rule),
        "loudnesses": [LOUDNESS[severity] for severity in query.severity],
        "owner": query.owner,
        "tiers": list(query.tier),
        "since": query.since,
        "excused": query.excused,
        "most": query.limit + 1,
        **({"actor": caller.actor, "plans": list(caller.plans or ())} if caller else {}),
        **dict(zip(names, after or (None,) * len(names), strict=True)),
    }


STANDINGS = (
    "SELECT plan_id AS id, account_id, account_name, tier, currency, last_review_on, signs::text, words"
    " FROM plantrail.judged_plans AS j JOIN plantrail.portfolio AS p USING (plan_id)"
    " WHERE j.generation = (SELECT generation FROM plantrail.projections WHERE name = 'findings' AND live)"
    " AND p.generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
    " AND NOT archived AND signs IS NOT NULL ORDER BY account_name, plan_id"
)


def standings(datastore: Datastore) -> list[PlanStanding]:
    """Return every plan that is not archived, with what the rules about the program need. Raises `StoreUnavailable`."""
    with datastore.connection() as connection:
        rows = connection.cursor(row_factory=dict_row).execute(STANDINGS, prepare=True).fetchall()
    return [_standing(**row) for row in rows]


def _standing(*, signs: str, words: bytes, **of_plan: Any) -> PlanStanding:
    return PlanStanding(**of_plan, signs=PlanSigns.model_validate_json(signs), words=unpacked(words))


class PostgresFindings(MarkedPlansTable):
    """The findings of all plans (`application.findings.ports.AllFindings`)."""

    def __init__(self, datastore: Datastore, key: bytes, read: ReadPlans, program: ReadProgram, now: Now) -> None:
        """`key` has 32 bytes."""
        super().__init__(datastore, FindingsTable(key, read, program), OVERTAKEN, now)
        self._cipher = AESGCM(key)
        self._key, self._read, self._program = key, read, program

    def query(self, query: FindingsQuery, caller: Caller | None = None) -> FindingsPage:
        after, now = position_of(query.cursor) if query.cursor else None, self._now()
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row, binary=True)
            rows = cursor.execute(statement(query, after, caller), values(query, after, caller)).fetchall()
        items = [self._shown(row, now) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        last = (
            FindingPosition(**{name: rows[query.limit - 1][name] for name in FindingPosition._fields}) if more else None
        )
        return FindingsPage.model_construct(items=items, next=cursor_of(last) if last else None)

    def counts(self, plans: Collection[UUID]) -> Mapping[UUID, Mapping[Severity, int]]:
        severities = {loudness: severity for severity, loudness in LOUDNESS.items()}
        counted: dict[UUID, dict[Severity, int]] = {}
        with self._datastore.connection() as connection:
            for plan_id, loudness, number in connection.execute(COUNTS, (list(plans),)):
                counted.setdefault(plan_id, {})[severities[loudness]] = number
        return counted

    def _shown(self, row: dict[str, Any], now: datetime) -> PlanFinding:
        box, plan_id = row["box"], row["plan_id"]
        kept = self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], plan_id.bytes)
        of_plan = {name: row[name] for name in ("plan_id", "account_id", "account_name", "tier", "owner")}
        return PlanFinding.model_validate({**taken_out(kept, day_of(now, row["timezone"])), **of_plan})

    def standings(self) -> Sequence[PlanStanding]:
        return standings(self._datastore)

    def follower(self, outages: Outages | None = None) -> Follower:
        """Return a follower that keeps the table up to date. The caller starts and stops it."""
        table = FindingsTable(self._key, self._read, self._program, SECONDS_BETWEEN_VERDICTS)
        return Follower(self._datastore, table, self._now, outages, SECONDS_AT_REST, SHARE_OF_TIME)
