"""Queries of an event loop: every parameter arrives as it was given, and every value comes back."""

import asyncio
from datetime import date
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.datastore import Datastore
from adapters.postgres.loop_queries import LoopQueries, as_text, read
from tests.examples import examples
from tests.stores import connected

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
GIVEN = st.one_of(
    st.none().map(lambda value: ("text", value)),
    st.booleans().map(lambda value: ("bool", value)),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: ("bigint", value)),
    st.dates().map(lambda value: ("date", value)),
    st.uuids().map(lambda value: ("uuid", value)),
    WORDS.map(lambda value: ("text", value)),
    st.lists(WORDS, max_size=4).map(lambda value: ("text[]", value)),
    st.lists(st.uuids(), max_size=4).map(lambda value: ("uuid[]", value)),
)


@pytest.fixture
def datastore(store):
    datastore = Datastore(store.where.service)
    yield datastore
    datastore.close()


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=GIVEN)
def test_a_parameter_means_what_the_driver_would_have_sent(store, asked):
    kind, value = asked
    text = as_text(value)
    with connected(store.where.service) as connection:
        ours, theirs = connection.execute(
            f"SELECT %s::text::{kind}, %s::{kind}", (text.decode() if text is not None else None, value)
        ).fetchone()
    assert ours == theirs == value


def test_values_come_back_as_what_they_are(datastore):
    async def asked():
        query = "SELECT %(n)s::int, %(day)s::date, %(id)s::uuid, %(name)s::text, NULL::int, %(n)s::bigint"
        values = {"n": 7, "day": date(2026, 3, 31), "id": UUID(int=5), "name": "%(n)s it’s", "unused": object()}
        found = await datastore.in_loop.run(query, values)
        return [read(found, 0, column) for column in range(found.nfields)]

    assert asyncio.run(asked()) == [7, date(2026, 3, 31), UUID(int=5), "%(n)s it’s", None, 7]


def test_more_than_there_are_connections_ask_at_the_same_time_and_each_gets_its_own(datastore):
    async def all_at_once():
        asked = [datastore.in_loop.run("SELECT %(n)s::int, pg_sleep(0.01)", {"n": n}) for n in range(30)]
        return [read(found, 0, 0) for found in await asyncio.gather(*asked)]

    assert asyncio.run(all_at_once()) == list(range(30))
    assert asyncio.run(all_at_once()) == list(range(30)), "in another loop"


def test_a_connection_that_died_is_replaced(store, datastore):
    async def end_it():
        pid = read(await datastore.in_loop.run("SELECT pg_backend_pid()", {}), 0, 0)
        with connected(store.where.service) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return pid, read(await datastore.in_loop.run("SELECT pg_backend_pid()", {}), 0, 0)

    before, now = asyncio.run(end_it())
    assert before != now


def test_what_postgresql_refuses_is_told_and_what_it_takes_too_long_for_is_given_up(datastore):
    async def refused():
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            await datastore.in_loop.run("SELECT %(n)s::int", {"n": "seven"})
        return read(await datastore.in_loop.run("SELECT 1", {}), 0, 0)

    async def too_long():
        hurried = LoopQueries(datastore.open_in_loop, seconds=0.2)
        with pytest.raises(psycopg.OperationalError):
            await hurried.run("SELECT pg_sleep(2)", {})
        hurried.close()

    assert asyncio.run(refused()) == 1
    asyncio.run(too_long())


def test_however_many_different_queries_there_are_all_are_answered(datastore):
    async def many():
        return [read(await datastore.in_loop.run(f"SELECT {n}", {}), 0, 0) for n in range(230)]

    assert asyncio.run(many()) == list(range(230))
