"""Packs over HTTP: as of a cut, in every form, for ourselves or for customers, with the hash to circulate."""

from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from typing import get_args
from uuid import uuid4

import pytest

from application.aggregates.handle import Aggregates
from application.packs.pack import PackKind
from domain.program import PROGRAM
from domain.program.agendas import PublishAgenda
from domain.program.charter import PROGRAM_ID, OpenProgram
from tests.api import Api, assert_problem
from tests.stores import CONTEXT

MEDIA = {
    "json": "application/json",
    "md": "text/markdown",
    "html": "text/html",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


@pytest.fixture
def acme(api: Api) -> Api:
    return api.with_a_plan(f"acme-{uuid4()}")


@pytest.mark.parametrize("kind", get_args(PackKind))
def test_a_pack_is_had_as_of_a_cut(acme: Api, kind: str):
    before = acme.version
    acme.done("add-action", id="price", statement="Send the price", kind="task", owner="ann", due_on="2030-01-01")
    made = acme.view(f"/packs/{kind}", as_of=f"version:{before}")
    assert made.status_code == 200
    assert (made.json()["kind"], made.json()["as_of"]["version"]) == (kind, before)
    assert (
        acme.view(f"/packs/{kind}", {"If-None-Match": made.headers["etag"]}, as_of=f"version:{before}").status_code
        == 304
    )


@pytest.mark.parametrize("form", MEDIA)
def test_every_form_says_its_hash_and_circulating_the_pack_keeps_it(acme: Api, form: str):
    made = acme.view("/packs/qbr", format=form, audience="customer")
    assert made.headers["content-type"].startswith(MEDIA[form])
    said = made.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    hash = b64decode(said).hex()
    assert hash == sha256(made.content).hexdigest()
    acme.done("schedule-review", id="q", kind="qbr", planned_on="2030-01-01")
    acme.done("circulate-pack", id="q", circulated_on=str(acme.clock.now.date()), sha256=hash)
    [review] = acme.view("").json()["sections"]["reviews"]["reviews"]
    assert review["sha256"] == hash


def test_for_customers_and_for_ourselves_are_different_answers_and_customers_have_one_pack(acme: Api):
    ours, theirs = acme.view("/packs/qbr"), acme.view("/packs/qbr", audience="customer")
    assert (ours.json()["plan"] is None, theirs.json()["plan"] is None) == (False, True)
    assert_problem(acme.view("/packs/canvas", audience="customer"), 422, "pack-is-internal")


def test_an_agenda_that_the_program_publishes_is_shown_at_once_and_not_at_cuts_before(acme: Api):
    first = acme.view("/packs/qbr")
    programs = Aggregates(PROGRAM, acme.store.events, acme.clock, uuid4)
    acme.clock.now += timedelta(hours=1)
    agenda = PublishAgenda(kind="qbr", items=({"topic": "Value", "minutes": 45},), minutes=60)
    programs.handle(PROGRAM_ID, [OpenProgram(name="Strategic accounts", currency="EUR"), agenda], CONTEXT)
    now = acme.view("/packs/qbr", {"If-None-Match": first.headers["etag"]})
    assert (now.status_code, now.json()["agenda"]["minutes"]) == (200, 45)
    assert acme.view("/packs/qbr", as_of="version:1").json()["agenda"]["minutes"] == 0


def test_what_is_no_pack_and_a_hash_that_is_none_are_refused_with_what_may_stand_there(acme: Api):
    refused = acme.view("/packs/qrb")
    assert_problem(refused, 404, "unknown-pack")
    assert "Did you mean qbr?" in refused.json()["detail"]
    acme.done("schedule-review", id="q", kind="qbr", planned_on="2030-01-01")
    body = {"id": "q", "circulated_on": str(acme.clock.now.date()), "sha256": "ABC"}
    assert_problem(acme.do("circulate-pack", **body), 422, "invalid-fields")
