"""Alterations of a log by a superuser whom no trigger stops. Each takes a connection and returns what it did, or None
if there was nothing to alter."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.postgres.log_tree import KEPT
from adapters.proof.checkpoints import LogKey
from application.proof.checkpoints import Checkpoint, KeptCheckpoint
from application.proof.leaves import leaf_of
from application.proof.merkle import GrowingTree
from tests.proving import LOG_KEY

Mutation = Callable[[Connection[Any], Random], str | None]

EVENTS = "plantrail.stored_events"
NOBODY = UUID(int=0)
NUMBERS = {
    "notification_id": 40,
    "originator_version": 16,
    "position": 20,
    "index": 12,
    "level": 2,
    "size": 12,
    "number": 12,
}
"""Columns of numbers, and how many of their bits are worth altering."""


def one(connection: Connection[Any], statement: str, *values: Any) -> Any:
    row = connection.execute(statement, values).fetchone()
    return row[0] if row and len(row) == 1 else row


def some_position(connection: Connection[Any], random: Random) -> int:
    """Return the position of an event that a checkpoint covers."""
    positions = connection.execute("SELECT position FROM plantrail.tree WHERE level = 0 ORDER BY 1").fetchall()
    return int(random.choice(positions)[0])


# Events


def flip_a_bit(column: str) -> Mutation:
    def flip(connection: Connection[Any], random: Random) -> str | None:
        position = some_position(connection, random)
        before = one(connection, f"SELECT {column} FROM {EVENTS} WHERE notification_id = %s", position)
        after = flipped(before, NUMBERS.get(column, 0), random)
        connection.execute(f"UPDATE {EVENTS} SET {column} = %s WHERE notification_id = %s", (after, position))
        return f"{column} of the event at {position}: {before!r} to {after!r}"

    return flip


def flipped(value: Any, bits: int, random: Random) -> Any:
    if isinstance(value, int):
        return value ^ 1 << random.randrange(bits)
    if isinstance(value, str):
        place = random.randrange(len(value))
        other = chr(ord(value[place]) ^ 1 << random.randrange(5))
        return value[:place] + (other if other.isprintable() else "!") + value[place + 1 :]
    content = bytearray(value if isinstance(value, bytes) else value.bytes)
    place = random.randrange(len(content))
    content[place] ^= 1 << random.randrange(8)
    return bytes(content) if isinstance(value, bytes) else type(value)(bytes=bytes(content))


def empty(column: str) -> Mutation:
    def forget(connection: Connection[Any], random: Random) -> str:
        position = some_position(connection, random)
        connection.execute(f"UPDATE {EVENTS} SET {column} = NULL WHERE notification_id = %s", (position,))
        return f"no {column} any more of the event at {position}"

    return forget


def delete(connection: Connection[Any], random: Random) -> str:
    position = some_position(connection, random)
    connection.execute(f"DELETE FROM {EVENTS} WHERE notification_id = %s", (position,))
    return f"deleted the event at {position}"


def insert(connection: Connection[Any], random: Random) -> str | None:
    """Insert an event at an unused position, as the next version of a plan or in a plan of its own."""
    last = one(connection, "SELECT max(position) FROM plantrail.tree")
    used = {position for (position,) in connection.execute(f"SELECT notification_id FROM {EVENTS}")}
    position = random.choice([hole for hole in range(1, last) if hole not in used])
    version = (
        "(SELECT max(originator_version) + 1 FROM plantrail.stored_events o WHERE o.originator_id = e.originator_id)"
    )
    plan, number = random.choice([("originator_id", version), ("gen_random_uuid()", "1")])
    connection.execute(
        f"INSERT INTO {EVENTS} (originator_id, originator_version, topic, state, notification_id)"
        f" SELECT {plan}, {number}, topic, state, %s FROM {EVENTS} e WHERE notification_id = %s",
        (position, some_position(connection, random)),
    )
    return f"inserted an event at {position}"


def exchange(connection: Connection[Any], random: Random) -> str | None:
    one_, other = some_position(connection, random), some_position(connection, random)
    if one_ == other:
        return None
    for old, new in ((one_, -1), (other, one_), (-1, other)):
        connection.execute(f"UPDATE {EVENTS} SET notification_id = %s WHERE notification_id = %s", (new, old))
    return f"exchanged the events at {one_} and {other}"


def swap_plans(connection: Connection[Any], random: Random) -> str | None:
    plans = [plan for (plan,) in connection.execute(f"SELECT DISTINCT originator_id FROM {EVENTS} ORDER BY 1")]
    one_, other = random.sample(plans, 2)
    for old, new in ((one_, NOBODY), (other, one_), (NOBODY, other)):
        connection.execute(f"UPDATE {EVENTS} SET originator_id = %s WHERE originator_id = %s", (new, old))
    return f"swapped {one_} and {other}"


def truncate(connection: Connection[Any], random: Random) -> str:
    position = some_position(connection, random)
    connection.execute(f"DELETE FROM {EVENTS} WHERE notification_id >= %s", (position,))
    return f"cut off from {position} on"


# The log together with its tree


def restore_an_old_dump(connection: Connection[Any], random: Random) -> str | None:
    """Restore everything as it was at an earlier checkpoint."""
    kept = checkpoints(connection)
    if len(kept) < 2:
        return None
    back_to(connection, random.choice(kept[:-1]))
    return "an old dump"


def restore_and_go_on(connection: Connection[Any], random: Random) -> str | None:
    """Do the same, then record as many other events as there were, signed with the true key."""
    kept = checkpoints(connection)
    if len(kept) < 2:
        return None
    old = random.choice(kept[:-1])
    back_to(connection, old)
    connection.execute(
        f"INSERT INTO {EVENTS} (originator_id, originator_version, topic, state, notification_id)"
        " SELECT gen_random_uuid(), 1, 'NoteWritten', '{}', 10000 + n FROM generate_series(1, %s) n",
        (kept[-1].size - old.size,),
    )
    seal_anew(connection, LOG_KEY)
    return "an old dump, with other events since"


def rewrite(key: LogKey) -> Mutation:
    """Alter an event and make tree and checkpoints anew for it."""

    def alter(connection: Connection[Any], random: Random) -> str:
        position = some_position(connection, random)
        statement = f"UPDATE {EVENTS} SET state = state || ' ' WHERE notification_id = %s"
        connection.execute(statement, (position,))
        connection.execute("DELETE FROM plantrail.tree")
        connection.execute("DELETE FROM plantrail.checkpoints")
        seal_anew(connection, key)
        return f"rewrote everything from {position} on"

    return alter


def back_to(connection: Connection[Any], old: KeptCheckpoint) -> None:
    last = one(connection, "SELECT position FROM plantrail.tree WHERE level = 0 AND index = %s", old.size - 1)
    connection.execute(f"DELETE FROM {EVENTS} WHERE notification_id > %s", (last,))
    connection.execute("DELETE FROM plantrail.tree WHERE level = 0 AND index >= %s", (old.size,))
    connection.execute("DELETE FROM plantrail.tree WHERE level = 1 AND (index + 1) * 256 > %s", (old.size,))
    connection.execute("DELETE FROM plantrail.checkpoints WHERE number > %s", (old.number,))


def seal_anew(connection: Connection[Any], key: LogKey) -> None:
    """Make a tree from the first event on, under one more checkpoint."""
    connection.execute("DELETE FROM plantrail.tree")
    tree = GrowingTree()
    hashes: list[tuple[int, int, bytes, int | None]] = []
    columns = "notification_id, originator_id, originator_version, topic, state"
    for row in connection.execute(f"SELECT {columns} FROM {EVENTS} ORDER BY 1").fetchall():
        leaf = leaf_of(*row)
        hashes.append((0, tree.size, leaf, row[0]))
        hashes += [(*node, None) for node in tree.add(leaf)]
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY plantrail.tree (level, index, hash, position) FROM STDIN") as copy,
    ):
        for each in hashes:
            copy.write_row(each)
    log_id = one(connection, "SELECT id FROM plantrail.log")
    origin = f"plantrail/{log_id}"
    connection.execute(
        "INSERT INTO plantrail.checkpoints (number, log_id, size, note, key, sealed_at)"
        " VALUES ((SELECT count(*) + 1 FROM plantrail.checkpoints), %s, %s, %s, %s, now())",
        (
            log_id,
            tree.size,
            key.signed(origin, Checkpoint(origin, tree.size, tree.root).text),
            str(key.verifier(origin)),
        ),
    )


def checkpoints(connection: Connection[Any]) -> list[KeptCheckpoint]:
    return [KeptCheckpoint(*row) for row in connection.execute(f"{KEPT} ORDER BY number")]


# The tree alone


def alter_proof(table: str, column: str, where: str = "true") -> Mutation:
    def alter(connection: Connection[Any], random: Random) -> str | None:
        rows = connection.execute(
            f"SELECT ctid::text, {column} FROM plantrail.{table} WHERE {where} ORDER BY ctid"
        ).fetchall()
        place, before = random.choice([row for row in rows if row[1] is not None])
        after = flipped(before, NUMBERS.get(column, 0), random)
        connection.execute(f"UPDATE plantrail.{table} SET {column} = %s WHERE ctid = %s::tid", (after, place))
        return f"{column} of {table}: {before!r} to {after!r}"

    return alter


def drop_proof(table: str) -> Mutation:
    def drop(connection: Connection[Any], random: Random) -> str:
        (place,) = random.choice(
            connection.execute(f"SELECT ctid::text FROM plantrail.{table} ORDER BY ctid").fetchall()
        )
        connection.execute(f"DELETE FROM plantrail.{table} WHERE ctid = %s::tid", (place,))
        return f"deleted a row of {table}"

    return drop


MUTATIONS: Mapping[str, Mutation] = {
    **{
        f"a bit of {column}": flip_a_bit(column)
        for column in ("notification_id", "originator_id", "originator_version")
    },
    **{f"a bit of {column}": flip_a_bit(column) for column in ("topic", "state")},
    **{f"no {column}": empty(column) for column in ("topic", "state")},
    "delete": delete,
    "insert": insert,
    "reorder": exchange,
    "truncate": truncate,
    "swap two plans": swap_plans,
    "old dump": restore_an_old_dump,
    "old dump and on": restore_and_go_on,
    "rewrite, true key": rewrite(LOG_KEY),
    "rewrite, other key": rewrite(LogKey(b"x" * 32)),
    **{f"tree, {column}": alter_proof("tree", column) for column in ("hash", "index", "position")},
    "tree, level": alter_proof("tree", "level", "position IS NULL"),
    **{
        f"checkpoints, {column}": alter_proof("checkpoints", column)
        for column in ("number", "log_id", "size", "note", "key")
    },
    **{f"{table}, a row less": drop_proof(table) for table in ("tree", "checkpoints")},
}
"""The alterations by name. All are tried equally often."""
