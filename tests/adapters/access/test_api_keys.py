"""API keys: shown once, good for what they were made for, and no longer than that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.access.api_keys import KEY, SECONDS_GOOD, ApiKeyCache, KeysUnread
from adapters.access.callers import Bearers
from adapters.bootstrap.http_service import authentication
from adapters.bootstrap.settings import Settings, SettingsError
from adapters.bootstrap.store import needs_keys
from adapters.cli.callers import instant
from adapters.http.keys import may_manage_key
from adapters.observability.readiness import Checks
from adapters.postgres.store import Store, opened
from application.aggregates.access import Caller
from domain.account_plan.plan import plan_id_of
from tests.adapters.cli.test_cli import environment, plantrail, refused
from tests.api import Clock, assert_problem, served
from tests.callers import bearer, given_key, known_keys
from tests.cases import for_each
from tests.stores import KEY as STORE_KEY
from tests.stores import MONDAY, OPEN_ACME, wait_until

NOTE = {"section": "plan", "text": "Budget talks in May"}
OPEN = OPEN_ACME | {"account_id": "acme"}


def test_actor_role_and_plans_are_those_of_the_key_whoever_somebody_says_they_are(store: Store):
    ann, bot = given_key(store, "ann", "editor"), given_key(store, "robot:crm", "editor", sees_all=True)
    eve = given_key(store, "eve", "reader", "other")
    with served(store, Bearers(known_keys(store))) as api:
        assert api.do("open-plan", bearer(ann), **OPEN).status_code == 201
        assert api.do("write-note", bearer(bot) | {"X-Actor": "eve"}, **NOTE).status_code == 200
        assert_problem(api.view(headers=bearer(eve) | {"X-Actor": "ann"}), 404, "unknown-plan")
        entries = api.view("/history", headers=bearer(ann)).json()["items"]
    assert [entry["actor"] for entry in entries] == ["ann", "robot:crm"]


def test_whose_id_is_an_e_mail_address_sees_their_plans_in_whatever_case_it_was_written(store: Store):
    key = given_key(store, "ANN@example.com", "editor")
    with served(store, Bearers(known_keys(store))) as api:
        owned = OPEN | {"owner": "Ann@Example.com"}
        assert api.do("open-plan", bearer(key), **owned).status_code == 201
        assert api.view(headers=bearer(key)).json()["account"]["owner"] == "ann@example.com"
        assert api.do("reassign-plan", bearer(key), owner="ben", reason="Away").status_code == 200
        assert_problem(api.view(headers=bearer(key)), 404, "unknown-plan")


def test_another_id_of_an_account_names_its_plan_in_keys_old_and_new_and_in_tokens(store: Store):
    early = given_key(store, "kit", "reader", "crm-2")
    of_the_issuer = Caller("joe", "reader", frozenset({plan_id_of("crm-2")}))
    lead = Caller("sue", "admin", frozenset({plan_id_of("acme")}))
    with served(store) as api:
        assert api.do("open-plan", **OPEN).status_code == 201
        keys = known_keys(store)
        assert keys.as_meant(of_the_issuer) == of_the_issuer
        assert api.do("alias-account", account_id="crm-2").status_code == 200
    keys.refresh()
    late = given_key(store, "pat", "reader", "crm-2")
    keys.refresh()
    assert keys.as_meant(of_the_issuer).plans == {plan_id_of("acme")}
    for name in ("crm-2", "other"):
        assert may_manage_key(lead, "reader", [name], store.api_keys.aliases()) is (name == "crm-2")
    with served(store, Bearers(keys)) as api:
        for key in (early, late):
            assert api.get("/v1/plans/acme", bearer(key)).status_code == 200
            assert api.get("/v1/plans/crm-2", bearer(key)).status_code == 200


def test_what_is_kept_of_a_key_is_no_good_for_calling(store: Store):
    key = given_key(store, "ann", "reader", sees_all=True)
    match = KEY.fullmatch(key)
    assert match
    with psycopg.connect(store.where.owner) as connection:
        ((kept,),) = connection.execute("SELECT row_to_json(k)::text FROM plantrail.api_keys k").fetchall()
    assert match[2] not in kept
    assert json.loads(kept)["digest"] == f"\\x{sha256(match[2].encode()).hexdigest()}"


@pytest.mark.parametrize("change", ["x", "", "A"])
def test_a_key_of_which_one_sign_is_wrong_is_none(store: Store, change):
    key = given_key(store, "ann", "reader")
    known = known_keys(store)
    for place in (0, 12, len(key) - 10):
        wrong = key[:place] + change + key[place + 1 :]
        assert known.caller(wrong) is None or wrong == key
    assert known.caller(key)
    assert known.caller("") is None
    assert known.caller(key + "\n") is None


def test_a_key_is_good_until_it_expires(store: Store):
    clock = Clock()
    key = given_key(store, "ann", "reader", expires_at=MONDAY + timedelta(hours=1))
    known = known_keys(store, clock)
    clock.forward(minutes=59, seconds=59)
    assert known.caller(key)
    clock.forward(seconds=1)
    assert known.caller(key) is None


def test_a_key_that_is_made_or_revoked_anywhere_is_known_within_a_second(store: Store, tmp_path):
    first = given_key(store, "ann", "reader")
    with authentication(Settings(home=tmp_path), "192.0.2.1", store) as let_in:
        callers: Any = let_in.callers
        known: ApiKeyCache = callers._keys
        assert known.caller(first)
        second = given_key(store, "ben", "reader")
        wait_until(lambda: known.caller(second), 1.5)
        store.api_keys.revoke(second.split("_")[1], MONDAY)
        wait_until(lambda: known.caller(second) is None, 1.5)
        assert known.caller(first)


def test_what_somebody_does_to_the_table_by_hand_counts_as_well(store: Store):
    key = given_key(store, "ann", "reader")
    known = known_keys(store)
    with psycopg.connect(store.where.owner) as connection:
        connection.execute("UPDATE plantrail.api_keys SET revoked_at = now()")
    known.refresh()
    assert known.caller(key) is None


def test_when_a_key_was_used_is_written_beside_the_requests(store: Store):
    clock = Clock()
    key, _ = given_key(store, "ann", "reader"), given_key(store, "ben", "reader")
    known = known_keys(store, clock)
    clock.forward(minutes=5)
    assert known.caller(key)
    assert known.caller(f"{key[:-1]}~") is None
    revision = store.api_keys.revision()
    known.refresh()
    used = {each.name: each.last_used_at for each in store.api_keys.all()}
    assert used == {"ann": clock.now, "ben": None}
    assert store.api_keys.revision() == revision


def test_a_key_stays_revoked_and_the_service_cannot_make_it_another(store: Store):
    key = given_key(store, "ann", "reader")
    id = key.split("_")[1]
    store.api_keys.revoke(id, MONDAY)
    assert store.api_keys.revoke(id, MONDAY + timedelta(days=1))
    assert [each.revoked_at for each in store.api_keys.all()] == [MONDAY]
    assert not store.api_keys.revoke("nowhere", MONDAY)
    with psycopg.connect(store.where.service, autocommit=True) as connection:
        for forbidden in ("UPDATE plantrail.api_keys SET role = 'admin'", "DELETE FROM plantrail.api_keys",
                          "UPDATE plantrail.api_keys_revision SET revision = 0"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_only_who_may_acts_on_behalf_of_others(store: Store):
    bot = given_key(store, "bot", "editor", sees_all=True, on_behalf_of=True)
    ann = given_key(store, "ann", "editor", sees_all=True)
    with served(store, Bearers(known_keys(store))) as api:
        assert api.do("open-plan", bearer(bot) | {"X-On-Behalf-Of": "ben"}, **OPEN).status_code == 201
        for ask in (api.do("write-note", bearer(ann) | {"X-On-Behalf-Of": "ben"}, **NOTE),
                    api.view(headers=bearer(ann) | {"X-On-Behalf-Of": "ben"})):  # fmt: skip
            assert_problem(ask, 403, "forbidden")
        (entry,) = api.view("/history", bearer(bot)).json()["items"]
    assert (entry["actor"], entry["on_behalf_of"]) == ("bot", "ben")


# Rows that are wrong

KEPT_FOR_EVER = ["10000-01-01 13:59:59+00", "infinity", "294276-12-31 23:59:59+00"]
"""Instants that PostgreSQL keeps and Python cannot hold."""
LONG_OVER = ["0001-12-31 10:00:00+00 BC", "-infinity", "4713-01-01 00:00:00+00 BC"]
UNREADABLE = ["role = 'emperor'", "plans = '{NULL}'", "role = ''"]


def changed(store: Store, key: str, change: str) -> None:
    """As somebody could do who has the table."""
    with psycopg.connect(store.where.owner) as connection:
        connection.execute(f"UPDATE plantrail.api_keys SET {change} WHERE id = '{key.split('_')[1]}'".encode())


ZONES = ("UTC", "Asia/Tokyo", "America/New_York")
STRANGE = [
    pytest.param(expires, expires in KEPT_FOR_EVER, zone, marks=[] if (place + turn) % 3 == 0 else pytest.mark.torture)
    for place, expires in enumerate((*KEPT_FOR_EVER, *LONG_OVER))
    for turn, zone in enumerate(ZONES)
]
"""Each in one of the zones, and in `make torture` in the others."""


@pytest.mark.parametrize(("expires", "good", "zone"), STRANGE)
def test_a_key_that_expires_when_no_calendar_of_ours_goes_so_far_is_read_and_can_be_revoked(
    store: Store, expires, good, zone
):
    strange, ann = given_key(store, "eve", "reader", "acme"), given_key(store, "ann", "reader", "acme")
    with psycopg.connect(store.where.owner, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE CURRENT_USER SET timezone = '{zone}'".encode())
        connection.execute("ALTER ROLE CURRENT_USER SET datestyle = 'German'")
    try:
        changed(store, strange, f"expires_at = '{expires}'")
        with opened(replace(store.where, service=store.where.owner), STORE_KEY) as elsewhere:
            known = known_keys(elsewhere)
            assert known.caller(ann)
            assert bool(known.caller(strange)) == good
            assert {key.name for key in elsewhere.api_keys.all()} == {"ann", "eve"}
            assert elsewhere.api_keys.revoke(strange.split("_")[1], MONDAY)
            known.refresh()
            assert known.caller(strange) is None
            assert known.caller(ann)
    finally:
        with psycopg.connect(store.where.owner, autocommit=True) as connection:
            connection.execute("ALTER ROLE CURRENT_USER RESET ALL")


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_a_row_that_cannot_be_read_lets_nobody_in_and_keeps_nobody_out(store: Store, tmp_path, wrong):
    strange, ann = given_key(store, "eve", "reader", "acme"), given_key(store, "ann", "admin", sees_all=True)
    id = strange.split("_")[1]
    changed(store, strange, wrong)
    with capture_logs() as lines, authentication(Settings(home=tmp_path), "192.0.2.1", store) as let_in:
        with served(store, let_in.callers) as api:
            assert_problem(api.view(headers=bearer(strange)), 401, "unauthenticated")
            listed = api.get("/v1/keys", bearer(ann))
            assert [key["name"] for key in listed.json()["items"]] == ["ann"]
        assert let_in.why_unread() is None
    assert {(line["event"], line["key"]) for line in lines if line["log_level"] == "error"} == {
        ("a key cannot be read", id)
    }
    assert f"The key {id} is revoked" in plantrail("keys", "revoke", id, **environment(store.where)).stderr
    changed(store, strange, "role = 'reader', plans = '{}'")
    assert [bool(key.revoked_at) for key in store.api_keys.all() if key.name == "eve"] == [True]


def test_where_no_key_can_be_read_still_nobody_names_themselves(store: Store, tmp_path):
    changed(store, given_key(store, "ann", "reader"), "role = 'emperor'")
    assert needs_keys(Settings(home=tmp_path), store)


# Keys that cannot be looked at


@contextmanager
def out_of_reach(store: Store, table: str) -> Iterator[None]:
    with psycopg.connect(store.where.owner, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE plantrail.{table} RENAME TO out_of_reach".encode())
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE plantrail.out_of_reach RENAME TO {table}".encode())


@pytest.mark.parametrize("table", ["api_keys_revision", "api_keys"])
def test_who_cannot_look_at_the_keys_says_so_and_after_a_minute_lets_nobody_in(store: Store, table):
    seconds = 0.0
    key = given_key(store, "ann", "reader", sees_all=True)
    known = ApiKeyCache(store.api_keys, lambda: MONDAY, lambda: seconds)
    known.refresh()
    checks: Checks = {"keys-unread": known.why_unread}
    with served(store, Bearers(known), checks=checks) as api:
        assert api.get("/readyz").status_code == 200
        given_key(store, "ben", "reader")
        with out_of_reach(store, table):
            with pytest.raises(psycopg.Error):
                known.refresh()
            seconds = float(SECONDS_GOOD)
            assert assert_problem(api.get("/readyz"), 503, "not-ready")["reasons"] == ["keys-unread"]
            assert_problem(api.view(headers=bearer(key)), 404, "unknown-plan")
            seconds += 0.1
            answer = api.view(headers=bearer(key))
            assert_problem(answer, 503, "keys-unread")
            assert answer.headers["retry-after"]
            assert_problem(api.view(headers=bearer("nonsense")), 401, "unauthenticated")
        known.refresh()
        assert api.get("/readyz").status_code == 200
        assert_problem(api.view(headers=bearer(key)), 404, "unknown-plan")


def test_whoever_looked_at_the_keys_and_is_not_heard_of_any_more_lets_nobody_in_either(store: Store):
    seconds = 0.0
    key = given_key(store, "ann", "reader")
    known = ApiKeyCache(store.api_keys, lambda: MONDAY, lambda: seconds)
    known.refresh()
    seconds = SECONDS_GOOD + 1.0
    assert known.why_unread()
    with pytest.raises(KeysUnread):
        known.caller(key)


def test_looking_at_the_keys_goes_on_whatever_it_failed_of(store: Store, tmp_path):
    given_key(store, "ann", "reader")
    with capture_logs() as lines, authentication(Settings(home=tmp_path), "192.0.2.1", store) as let_in:
        with out_of_reach(store, "api_keys_revision"):
            wait_until(let_in.why_unread)
        wait_until(lambda: let_in.why_unread() is None)
    assert [(line["event"], line["work"]) for line in lines] == [
        ("housekeeping put off", "looking at keys"),
        ("housekeeping goes on", "looking at keys"),
    ]


# Over HTTP


def test_an_admin_makes_keys_sees_them_and_takes_them_back(store: Store):
    root = given_key(store, "root", "admin", sees_all=True)
    known = known_keys(store)
    with served(store, Bearers(known), keys_changed=known.refresh) as api:
        wanted = {"name": "ann", "role": "editor", "plans": ["acme"], "expires_at": "2026-02-01T00:00:00Z"}
        made = api.post("/v1/keys", wanted, bearer(root))
        assert made.status_code == 201
        key = bearer(made.json()["key"])
        assert api.do("open-plan", key, **OPEN).status_code == 201
        listed = api.get("/v1/keys", bearer(root))
        made_by = {item["name"]: item["created_by"] for item in listed.json()["items"]}
        assert made_by == {"ann": "root", "root": "root"}
        assert "digest" not in listed.text
        assert made.json()["key"] not in listed.text
        assert_problem(api.get("/v1/keys", key), 403, "forbidden")
        revoked = api.request("DELETE", f"/v1/keys/{made.json()['id']}", headers=bearer(root))
        assert revoked.json()["revoked_at"]
        assert_problem(api.view(headers=key), 401, "unauthenticated")
        assert_problem(api.request("DELETE", "/v1/keys/nowhere", headers=bearer(root)), 404, "unknown-key")
        for wrong in (
            {"name": "Jane Doe"},
            {"role": "developer"},
            {"plans": "all"},
            {"expires_at": "2026-02-01T00:00:00"},
            {"expires_at": "9999-12-31T23:59:59-14:00"},
            {"expires_at": "0001-01-01T00:00:00+14:00"},
            {"expires_at": "2200-01-01T00:00:00Z"},
            {"expires_at": 1861920000},
        ):
            assert_problem(api.post("/v1/keys", wanted | wrong, bearer(root)), 422, "invalid-fields")
        assert len(store.api_keys.all()) == 2


def test_nobody_gives_others_more_plans_than_they_have(store: Store):
    local = given_key(store, "local", "admin", "acme")
    with served(store, Bearers(known_keys(store))) as api:
        for wrong in ({"plans": None}, {"plans": ["acme", "beta"]}, {"role": "editor"}, {"role": "lead"}):
            body = {"name": "ann", "role": "reader", "plans": ["acme"]} | wrong
            assert_problem(api.post("/v1/keys", body, bearer(local)), 403, "forbidden")
        assert api.post("/v1/keys", {"name": "ann", "role": "reader", "plans": ["acme"]}, bearer(local)).is_success


def test_nobody_sees_or_takes_back_keys_to_more_plans_than_they_have(store: Store):
    local = given_key(store, "local", "admin", "acme")
    others = [
        given_key(store, "root", "admin", sees_all=True),
        given_key(store, "ben", "reader", "acme", "beta"),
        given_key(store, "kit", "editor", "acme"),
        given_key(store, "lea", "lead", "acme"),
    ]
    theirs = given_key(store, "ann", "reader", "acme")
    with served(store, Bearers(known_keys(store))) as api:
        listed = api.get("/v1/keys", bearer(local)).json()["items"]
        assert {key["name"] for key in listed} == {"local", "ann"}
        for key in others:
            answer = api.request("DELETE", f"/v1/keys/{key.split('_')[1]}", headers=bearer(local))
            assert_problem(answer, 404, "unknown-key")
        assert all(key.revoked_at is None for key in store.api_keys.all())
        assert api.request("DELETE", f"/v1/keys/{theirs.split('_')[1]}", headers=bearer(local)).is_success


# Who is let in


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "plantrail.example", ""])
def test_others_than_this_machine_need_keys(store: Store, tmp_path, host):
    settings = Settings(home=tmp_path)
    with pytest.raises(SettingsError, match="plantrail keys create"), authentication(settings, host, store):
        pass
    given_key(store, "ann", "reader")
    with authentication(settings, host, store) as let_in:
        assert isinstance(let_in.callers, Bearers)
        assert let_in.limits


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_everybody_may_call_until_there_is_a_key_and_the_log_says_so(store: Store, tmp_path, host):
    with capture_logs() as lines, authentication(Settings(home=tmp_path), host, store) as let_in:
        assert not isinstance(let_in.callers, Bearers)
    assert [line["log_level"] for line in lines] == ["warning"]
    key = given_key(store, "ann", "reader")
    store.api_keys.revoke(key.split("_")[1], MONDAY)
    with capture_logs() as lines, authentication(Settings(home=tmp_path), host, store) as let_in:
        assert isinstance(let_in.callers, Bearers)
    assert lines == []


# On the command line


def test_the_command_line_makes_keys_lists_them_and_takes_them_back(store: Store, tmp_path):
    here = environment(store.where)
    made = plantrail("keys", "create", "--name", "ann", "--role", "editor", "--expires", "2027-01-01", **here)
    key = made.stdout.strip()
    assert KEY.fullmatch(key)
    assert "not shown again" in made.stderr
    caller = known_keys(store).caller(key)
    assert caller
    assert (caller.actor, caller.role, caller.plans) == ("ann", "editor", frozenset())
    bot = plantrail(
        "keys", "create", "--name", "bot", "--role", "subscriber", "--plans", "acme", "--plans", "beta",
        "--personal-data", "--on-behalf-of", **here,
    ).stdout.strip()  # fmt: skip
    listed = plantrail("keys", "list", **here).stdout
    assert "acme, beta" in listed
    assert "their own" in listed
    assert not [part for part in (key, bot, key.split("_", 2)[2]) if part in listed]
    as_json = json.loads(plantrail("keys", "list", "--json", **here).stdout)["items"]
    assert [(each["name"], each["role"], each["plans"]) for each in as_json] == [
        ("bot", "subscriber", ["acme", "beta"]),
        ("ann", "editor", []),
    ]
    assert not [part for part in (key, bot, "digest") if part in str(as_json)]
    new = plantrail("keys", "create", "--name", "kit", "--role", "auditor", "--plans", "nix", "--json", **here)
    shown = json.loads(new.stdout)
    assert known_keys(store).caller(shown["key"])
    assert {**shown, "key": None} == {**as_json[0], **shown, "key": None}
    assert "There is no plan “nix” yet" in new.stderr
    plantrail("keys", "revoke", key.split("_")[1], **here)
    assert known_keys(store).caller(key) is None
    assert "no key" in refused("keys", "revoke", "nowhere", **here)
    assert needs_keys(Settings(home=tmp_path), store)


@pytest.mark.parametrize(
    ("expires", "at"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T17:00:00", datetime(2027, 1, 31, 17, tzinfo=UTC)),
        ("2027-01-31T17:00:00+02:00", datetime(2027, 1, 31, 15, tzinfo=UTC)),
    ],
)
def test_a_key_expires_at_the_beginning_of_a_day_or_at_an_instant(expires, at):
    assert instant(expires, "--expires") == at


@for_each(
    "words",
    [
        ("--name", "ann", "--role", "reader"),
        ("--name", "Jane Doe", "--role", "editor"),
        ("--name", "ann", "--role", "developer"),
        ("--name", "ann", "--role", "reader", "--plans", "a b"),
        ("--name", "ann", "--role", "editor", "--expires", "9999-12-31"),
        ("--name", "ann", "--role", "editor", "--expires", "9999-12-31T23:59:59-14:00"),
        ("--name", "ann", "--role", "editor", "--expires", "tomorrow"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(store: Store, words):
    plantrail("keys", "create", *words, code=2, **environment(store.where))
    assert store.api_keys.all() == []
