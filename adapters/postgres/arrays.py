"""Arrays in the binary format of PostgreSQL.

They are encoded here, because the driver needs as long for adapting lists as PostgreSQL needs for inserting them.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format


class Array(bytes):
    """An array of one dimension."""


class Verbatim(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> Array:
        return obj


psycopg.adapters.register_dumper(Array, Verbatim)

UUID_OID, BIGINT_OID, TEXT_OID, BYTEA_OID = (
    psycopg.postgres.types[name].oid for name in ("uuid", "int8", "text", "bytea")
)
head = Struct("!iiIii").pack
length_of = Struct("!i").pack
bigint = Struct("!iq").pack
NULL = length_of(-1)


def array(element: int, items: Sequence[bytes | None]) -> Array:
    """Return an array of items that are already in the binary format of the type with this OID."""
    framed = [NULL if item is None else length_of(len(item)) + item for item in items]
    return Array(b"".join([head(1, None in items, element, len(items), 1), *framed]))


def bigints(numbers: Sequence[int]) -> Array:
    return Array(b"".join([head(1, False, BIGINT_OID, len(numbers), 1), *[bigint(8, number) for number in numbers]]))


@lru_cache
def nulls(element: int, length: int) -> Array:
    return array(element, [None] * length)
