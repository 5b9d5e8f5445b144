"""An audit bundle: what a plan came to by a cut, with all it takes to prove that to somebody who does not trust us."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic_core import from_json, to_json

from adapters.postgres.log_tree import EventProof, KeptCheckpoint
from adapters.postgres.store import Store
from adapters.postgres.transfer import Logged, events_of, line_of
from adapters.privacy.sealing import SALT, salted_words
from adapters.proof.bundle.verify_bundle import FORMAT
from adapters.proof.checkpoints import claimed
from adapters.rendering.pool import RenderingPool
from application.aggregates.cache import LoadedPlan
from application.reports.said_vs_did import NotTwoReviews, cuts_meant, last_position, said_vs_did
from application.views.cuts import Cut, cut_at
from domain.account_plan.plan import the_plan
from domain.account_plan.stakeholders import StakeholderForgotten

VERIFIER = "verify_bundle.py"
REPORT = "said-vs-did"


def write_bundle(
    file: Path,
    store: Store,
    known: LoadedPlan,
    cut: Cut,
    at: KeptCheckpoint,
    earlier: Sequence[str],
    now: datetime,
    with_words: bool,
) -> None:
    """This is an export: people's words leave the store here, and nowhere else in it.

    `at` is the checkpoint the events are proven under, `earlier` the notes of others that it is to be shown to
    continue. Raises `NotCoveredYet`, `NoSuchProof`, `FileExistsError`, `StoreUnavailable`.
    """
    contents = dict(parts(store, known, cut, at, earlier, now, with_words))
    said = at.said
    manifest = {
        "format": FORMAT,
        "plan_id": known.plan_id,
        "account_id": the_plan(known.plan).account_id,
        "as_of": cut.cut,
        "version": cut.version,
        "log": said.origin,
        "size": said.size,
        "root": said.root.hex(),
        "sealed_at": at.sealed_at,
        "made_at": now,
        "files": {name: sha256(content).hexdigest() for name, content in contents.items()},
    }
    verifier = files("adapters.proof.bundle").joinpath(VERIFIER).read_bytes()
    with ZipFile(file, "x", ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": to_json(manifest, indent=1), VERIFIER: verifier, **contents}.items():
            archive.writestr(name, content)


def parts(
    store: Store,
    known: LoadedPlan,
    cut: Cut,
    at: KeptCheckpoint,
    earlier: Sequence[str],
    now: datetime,
    with_words: bool,
) -> Iterator[tuple[str, bytes]]:
    """The files that the manifest lists."""
    events = events_of(store.datastore, known.plan_id, cut.version)
    proofs = store.tree.prove_plan(known.plan_id, cut.version, at)
    yield "events.jsonl", b"".join(map(line_of, events))
    yield "proofs.jsonl", lines(map(proof_told, range(1, cut.version + 1), proofs))
    yield "words.jsonl", lines(words(events, keys_of(store, known)) if with_words else ())
    yield "checkpoint.txt", at.note.encode()
    yield "key.txt", f"{at.key}\n".encode()
    for note in earlier:
        size = claimed(note).size
        hashes = [hash.hex() for hash in store.tree.consistency(size, at.size)]
        yield f"earlier/{size:020}.json", to_json({"checkpoint": note, "hashes": hashes})
    yield from reports(store, known, cut, now)


def lines(said: Iterator[Mapping[str, Any]] | tuple[()]) -> bytes:
    return b"".join(to_json(each) + b"\n" for each in said)


def proof_told(version: int, proof: EventProof) -> dict[str, Any]:
    return {"version": version, "index": proof.leaf_index, "hashes": [hash.hex() for hash in proof.hashes]}


def keys_of(store: Store, known: LoadedPlan) -> dict[str, bytes]:
    """Those of everybody who was not forgotten."""
    forgotten = {record.event.id for record in known.records if isinstance(record.event, StakeholderForgotten)}
    return {who: key for who, key in store.keys.of(known.plan_id).items() if who not in forgotten}


def words(events: Sequence[Logged], keys: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """Of every sealed part that opens: the salt and the text that its commitment is the hash of."""
    for event in events:
        for place, part in enumerate(from_json(event.state)["sealed"]):
            salted = salted_words(event.plan_id, event.version, place, part, keys)
            if salted is not None:
                text = salted[SALT:].decode()
                yield {"version": event.version, "part": place, "salt": salted[:SALT].hex(), "text": text}


def reports(store: Store, known: LoadedPlan, cut: Cut, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Said versus did up to the cut, for people; none before there are two reviews to compare."""
    try:
        a, b = (cut_at(each, known, now) for each in cuts_meant(known, now, None, cut.cut))
    except NotTwoReviews:
        return
    head = store.tree.head_over(last_position(known, b))
    report = to_json(said_vs_did(known, a, b).model_copy(update={"log_head": head}), by_alias=True)
    with RenderingPool() as press:
        yield "report.md", press.made(REPORT, "md", report)
        yield "report.html", press.made(REPORT, "html", report)
