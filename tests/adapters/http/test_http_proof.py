"""The log over HTTP as others know transparency logs: a checkpoint, tiles, proofs, and who it is."""

from base64 import b64decode
from collections.abc import Iterator

import pytest

from adapters.postgres.store import opened
from adapters.proof.checkpoints import VerifierKey, checkpoint_in
from application.proof.leaves import entry_of
from application.proof.merkle import (
    TILE_WIDTH,
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.proving import leaves, more, sealed, told
from tests.stores import ACME, log

SIZE = 700


@pytest.fixture(scope="module")
def logged(stores: Stores) -> Iterator[Api]:
    """Yield a log of seven hundred events under two checkpoints, with three more events under none."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        told(store, notes=SIZE - 3 - 100)
        sealed(store)
        more(store, 100)
        sealed(store)
        more(store, 3)
        yield api


def tile(api: Api, path: str) -> list[bytes]:
    content = api.get(f"/v1/log/tile/{path}").content
    return [content[begin : begin + 32] for begin in range(0, len(content), 32)]


def test_the_checkpoint_is_a_signed_note_that_the_key_of_the_log_verifies(logged):
    answer, key = logged.get("/v1/log/checkpoint"), logged.get("/v1/log/key")
    assert answer.headers["content-type"] == key.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=1"
    said = checkpoint_in(answer.text, [VerifierKey.read(key.text)])
    assert (said.size, said.root) == (SIZE, root_of(leaves(logged.store.where.service)[:SIZE]))


def test_the_tiles_make_up_the_tree_of_the_checkpoint(logged):
    hashes = tile(logged, "0/000") + tile(logged, "0/001") + tile(logged, "0/002.p/188")
    assert hashes == leaves(logged.store.where.service)[:SIZE]
    assert tile(logged, "1/000.p/2") == [root_of(hashes[:256]), root_of(hashes[256:512])]
    assert tile(logged, "0/000.p/5") == hashes[:5]


def test_any_proof_is_to_be_had_from_the_tiles_alone(logged):
    widths = {(0, 2): ".p/188", (1, 0): ".p/2"}

    def hashes(level: int, begin: int, end: int) -> list[bytes]:
        number, offset = divmod(begin, TILE_WIDTH)
        return tile(logged, f"{level}/{number:03}{widths.get((level, number), '')}")[offset : offset + end - begin]

    made = leaves(logged.store.where.service)
    for index in (0, 255, 256, 699):
        assert includes(root_of(made[:SIZE]), SIZE, index, made[index], inclusion_proof(index, SIZE, hashes))
    assert continues(root_of(made[:600]), 600, root_of(made[:SIZE]), SIZE, consistency_proof(600, SIZE, hashes))


def test_tiles_may_be_kept_for_ever(logged):
    answer = logged.get("/v1/log/tile/0/000")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert len(answer.content) == 8192


@for_each(
    "path",
    [
        "0/003",
        "0/002",
        "0/002.p/189",
        "1/000",
        "1/000.p/3",
        "2/000.p/1",
        "0/x001/000",
        "63/000",
        "64/000",
        "00/000",
        "0/0",
        "0/0000",
        "0/x000/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/999",
        "-1/000",
        "0",
        "0/000/",
        "0/x999/x999/x999/x999/x999/999",
    ],
)
def test_there_are_no_other_tiles(path, logged):
    assert_problem(logged.get(f"/v1/log/tile/{path}"), 404, "no-such-tile")


def test_entries_are_not_for_everybody(logged):
    assert_problem(logged.get("/v1/log/tile/entries/000"), 404, "entries-not-served")


def test_an_event_is_proven_by_its_bytes_and_the_way_to_the_root(logged):
    for row in (log(logged.store.where.service)[place] for place in (0, 1, 2, 300, SIZE - 1)):
        proof = logged.get(f"/v1/events/{row.plan_id}:{row.version}/proof").json()
        entry, leaf = b64decode(proof["entry"]), b64decode(proof["leaf"])
        assert entry == entry_of(*row)
        assert leaf == leaf_hash(entry)
        said = checkpoint_in(proof["checkpoint"], [VerifierKey.read(proof["key"])])
        assert includes(said.root, said.size, proof["index"], leaf, list(map(b64decode, proof["hashes"])))
        hashes = "".join(f"{hash}\n" for hash in proof["hashes"])
        assert proof["tlog_proof"] == (
            f"c2sp.org/tlog-proof@v1\nindex {proof['index']}\n{hashes}\n{proof['checkpoint']}"
        )


def test_an_event_that_no_checkpoint_covers_is_told_apart_from_one_there_is_not(logged):
    last = log(logged.store.where.service)[-1]
    answer = logged.get(f"/v1/events/{last.plan_id}:{last.version}/proof")
    assert_problem(answer, 404, "not-covered-yet")
    assert answer.headers["retry-after"] == "30"
    for id in (f"{ACME}:99", "acme:1", f"{ACME}:0", f"{ACME}:{10**18}"):
        assert_problem(logged.get(f"/v1/events/{id}/proof"), 404, "no-such-event")


def test_the_log_is_proven_to_have_only_grown(logged):
    made = leaves(logged.store.where.service)
    for asked, old, new in (({"from": 600}, 600, SIZE), ({"from": 3, "to": 600}, 3, 600), ({"from": 0}, 0, SIZE)):
        proof = logged.get("/v1/log/consistency", **asked).json()
        assert (proof["old"], proof["new"]) == (old, new)
        hashes = list(map(b64decode, proof["hashes"]))
        assert continues(root_of(made[:old]), old, root_of(made[:new]), new, hashes)


@pytest.mark.parametrize("asked", [{"from": 5, "to": 4}, {"from": SIZE + 1}, {"from": 1, "to": SIZE + 1}])
def test_what_the_log_never_was_is_not_proven(asked, logged):
    assert_problem(logged.get("/v1/log/consistency", **asked), 404, "no-such-proof")
    assert_problem(logged.get("/v1/log/consistency"), 422, "invalid-parameters", "/from")


def test_a_log_that_has_no_checkpoint_yet_says_when_it_will(api):
    for path in ("/v1/log/checkpoint", "/v1/log/key", "/v1/log/consistency?from=0"):
        answer = api.get(path)
        assert_problem(answer, 404, "no-checkpoint-yet")
        assert answer.headers["retry-after"] == "30"
    assert_problem(api.get("/v1/log/tile/0/000"), 404, "no-such-tile")


def test_hashes_are_for_every_caller_and_an_event_for_who_may_prove_its_plan(store):
    people = Known(
        caller("aud", "auditor", "acme"),
        caller("far", "auditor", "beta"),
        caller("rob", "reader", "acme"),
        caller("sub", "subscriber", "acme"),
    )
    told(store)
    sealed(store)
    with served(store, people) as api:
        paths = ("log/checkpoint", "log/key", "log/consistency?from=0", "log/tile/0/000.p/3")
        for path in paths:
            assert_problem(api.get(f"/v1/{path}", as_("nobody")), 401, "unauthenticated")
            assert {api.get(f"/v1/{path}", as_(who)).status_code for who in ("aud", "rob", "sub")} == {200}
        proof = f"/v1/events/{ACME}:1/proof"
        assert api.get(proof, as_("aud")).status_code == 200
        assert_problem(api.get(proof, as_("rob")), 403, "forbidden")
        assert_problem(api.get(proof, as_("far")), 404, "unknown-plan")


@pytest.mark.parametrize("form", ["json", "md"])
def test_a_report_shows_the_first_checkpoint_over_what_it_is_made_of(form, store):
    told(store)
    report = f"/v1/plans/acme/said-vs-did?from=version:1&to=version:2&format={form}"
    with served(store) as api:
        before = api.get(report)
        kept = sealed(store)
        covered = api.get(report, {"If-None-Match": before.headers["etag"]})
        more(store, 1)
        sealed(store)
        assert api.get(report, {"If-None-Match": covered.headers["etag"]}).status_code == 304
    if form == "json":
        assert before.json()["log_head"] is None
        head = covered.json()["log_head"]
        assert (head["log"], head["size"], head["root"]) == (kept.said.origin, 3, kept.said.root.hex())
    else:
        assert "not under a signed checkpoint of the log yet" in before.text
        assert f"over 3 events, root {kept.said.root.hex()}, of 5 Jan 2026, 09:00:00 UTC" in covered.text
