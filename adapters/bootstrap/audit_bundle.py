"""The wiring of audit bundles with the store and the rendering pool."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bootstrap.store import notary
from adapters.events.salted_words import opened
from adapters.postgres.store import Store
from adapters.postgres.transfer import events_of, line_of
from adapters.proof.bundle.contents import AuditBundle
from adapters.proof.checkpoints import LogKey
from adapters.rendering.pool import RenderingPool
from application.aggregates.loaded import forgotten_in
from application.proof.checkpoints import KeptCheckpoint
from application.views.cuts import Cut
from application.views.loaded_plan import LoadedPlan
from domain.program.charter import PROGRAM_ID


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
    """Write a plan to a file as an audit bundle. Only here does text about people leave the store in a bundle.

    `at` is the checkpoint against which the events are proven. `earlier` contains notes of checkpoints with which it
    must be consistent. Raises `NotCoveredYet`, `NoSuchProof`, `FileExistsError`, `StoreUnavailable`.
    """
    events = events_of(store.datastore, known.id, cut.version)
    keys = keys_of(store, known) if with_words else {}
    words = opened(known.id, [(event.version, event.state) for event in events], keys)
    with RenderingPool() as press:
        program = store.events.read(PROGRAM_ID)
        lines = list(map(line_of, events))
        AuditBundle(known, cut, lines, words, store.tree, at, earlier, press, now, program).write(file)


def bundle_without_words(store: Store, key: LogKey, known: LoadedPlan, cut: Cut, now: datetime) -> bytes:
    """Return the bundle of a plan under a new checkpoint. Text about people stays sealed, as it is stored.

    Raises `StoreUnavailable`.
    """
    at = notary(store, key).seal()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bundle.zip"
        write_bundle(file, store, known, cut, at, (), now, with_words=False)
        return file.read_bytes()


def keys_of(store: Store, known: LoadedPlan) -> dict[str, bytes]:
    """Return the keys of all people in the plan who were not forgotten."""
    forgotten = forgotten_in(known.records)
    return {who: key for who, key in store.keys.of(known.id).items() if who not in forgotten}
