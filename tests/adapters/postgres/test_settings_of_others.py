"""A store works the same whatever a database administrator has set for its database."""

from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from adapters.bootstrap.store import findings_across_plans
from adapters.postgres.store import opened
from application.findings.across import FindingsQuery
from tests.api import served
from tests.conftest import KEY
from tests.proving import notary
from tests.stores import connected

SET_BY_OTHERS = {
    "array_nulls": "off",
    "backslash_quote": "off",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-15",
    "IntervalStyle": "sql_standard",
    "quote_all_identifiers": "on",
    "search_path": "pg_catalog",
    "standard_conforming_strings": "off",
    "statement_timeout": "10ms",
    "TimeZone": "America/St_Johns",
    "transform_null_equals": "on",
}
WORDS = "it's \\x41, a ‘quote’ \\' and 9 €"


def test_whatever_is_set_for_a_database_plans_are_recorded_shown_judged_signed_and_forgotten(bare_database, postgres):
    database = str(conninfo_to_dict(bare_database.owner)["dbname"])
    with connected(postgres.conninfo("superuser", "postgres")) as connection:
        for name, value in SET_BY_OTHERS.items():
            values = SQL(", ").join(value.split(", "))
            change = SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(change.format(Identifier(database), Identifier(name), values))
    with opened(bare_database, KEY) as store, served(store) as api:
        acme = api.with_a_plan("acme")
        acme.done("add-stakeholder", id="coo", name="Zoë O'Hara", level="executive")
        acme.done("write-note", section="risks", text=WORDS)
        once = [acme.do("write-note", headers={"Idempotency-Key": "k"}, section="plan", text="x") for _ in range(2)]
        assert [each.headers.get("Idempotency-Replayed") for each in once] == [None, "true"]
        assert acme.view().json()["sections"]["risks"]["notes"][0]["text"] == WORDS
        store.portfolio.catch_up(api.clock)
        findings = findings_across_plans(store, api.clock)
        findings.catch_up()
        assert findings.query(FindingsQuery()).items
        assert notary(store).seal().size == acme.version
        acme.done("forget-stakeholder", id="coo", about=[])
        assert "Zoë" not in acme.view().text
