"""Audit bundles: the history of a plan, with everything that proves it to somebody who does not trust us."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic_core import to_json

from adapters.proof.bundle.verify_bundle import FORMAT
from application.proof.checkpoints import KeptCheckpoint, claimed
from application.proof.ports import EventProof, LogTree, SaltedWords
from application.reports.said_vs_did import NotTwoReviews, cuts_meant, last_position, said_vs_did
from application.views.cuts import Cut, cut_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan
from domain.record import Recorded

VERIFIER = "verify_bundle.py"
README = "README.md"
REPORT = "said-vs-did"


class Press(Protocol):
    """Renders reports as Markdown or HTML."""

    def made(self, name: str, form: Literal["md", "html"], report: bytes) -> bytes:
        """Render the JSON of the report with this name."""


@dataclass(frozen=True)
class AuditBundle:
    """The history of a plan up to a cut, under a checkpoint."""

    known: LoadedPlan
    cut: Cut
    events: Sequence[bytes]
    """The plan's events up to the cut, each as a line of an export."""
    words: Iterable[SaltedWords]
    """The sealed words of those events that the bundle discloses."""
    tree: LogTree
    at: KeptCheckpoint
    """The checkpoint against which the events are proven."""
    earlier: Sequence[str]
    """Notes of earlier checkpoints. The bundle proves that they are consistent with `at`."""
    press: Press
    now: datetime
    program: Sequence[Recorded] = ()
    """The records of the program, whose policies judge the report."""

    def write(self, file: Path) -> None:
        """Write the bundle as a new ZIP file.

        Raises `NotCoveredYet`, `NoSuchProof`, `FileExistsError`, `StoreUnavailable`.
        """
        contents = dict(self._parts())
        said = self.at.said
        manifest = {
            "format": FORMAT,
            "plan_id": self.known.id,
            "account_id": the_plan(self.known.state).account_id,
            "as_of": self.cut.cut,
            "version": self.cut.version,
            "log": said.origin,
            "size": said.size,
            "root": said.root.hex(),
            "sealed_at": self.at.sealed_at,
            "made_at": self.now,
            "files": {name: sha256(content).hexdigest() for name, content in contents.items()},
        }
        verifier = files("adapters.proof.bundle").joinpath(VERIFIER).read_bytes()
        with ZipFile(file, "x", ZIP_DEFLATED) as archive:
            for name, content in {"manifest.json": to_json(manifest, indent=1), VERIFIER: verifier, **contents}.items():
                archive.writestr(name, content)

    def _parts(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files in the manifest, each with its content."""
        yield README, files("adapters.proof.bundle").joinpath(README).read_bytes()
        proofs = self.tree.prove_plan(self.known.id, self.cut.version, self.at)
        yield "events.jsonl", b"".join(self.events)
        yield "proofs.jsonl", lines(map(proof_told, range(1, self.cut.version + 1), proofs))
        yield "words.jsonl", lines(map(words_told, self.words))
        yield "checkpoint.txt", self.at.note.encode()
        yield "key.txt", f"{self.at.key}\n".encode()
        for note in self.earlier:
            size = claimed(note).size
            hashes = [hash.hex() for hash in self.tree.consistency(size, self.at.size)]
            yield f"earlier/{size:020}.json", to_json({"checkpoint": note, "hashes": hashes})
        yield from self._reports()

    def _reports(self) -> Iterator[tuple[str, bytes]]:
        """Yield the said-versus-did report up to the cut, in two forms; nothing if there are no two reviews to
        compare.
        """
        try:
            meant = cuts_meant(self.known, self.now, None, self.cut.cut)
        except NotTwoReviews:
            return
        a, b = (cut_at(each, self.known, self.now) for each in meant)
        head = self.tree.head_over(last_position(self.known, b))
        report = said_vs_did(self.known, a, b, self.program).model_copy(update={"log_head": head})
        yield "report.md", self.press.made(REPORT, "md", to_json(report, by_alias=True))
        yield "report.html", self.press.made(REPORT, "html", to_json(report, by_alias=True))


def lines(said: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(to_json(each) + b"\n" for each in said)


def proof_told(version: int, proof: EventProof) -> dict[str, Any]:
    return {"version": version, "index": proof.leaf_index, "hashes": [hash.hex() for hash in proof.hashes]}


def words_told(words: SaltedWords) -> dict[str, Any]:
    return {"version": words.version, "part": words.part, "salt": words.salt.hex(), "text": words.text}
