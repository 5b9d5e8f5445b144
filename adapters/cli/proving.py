"""Commands for proofs: verify the log, make checkpoints to keep elsewhere, export a plan's history for outsiders."""

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from threading import Event
from typing import Annotated, Self
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from adapters.bootstrap.audit_bundle import write_bundle
from adapters.bootstrap.settings import LOG_KEY_FILE, Settings, kept_log_key, log_key
from adapters.bootstrap.store import notary, open_store
from adapters.cli.asking import AsJson, AsOf, PlanName, found, note_export
from adapters.cli.errors import Told
from adapters.cli.new_files import ZIP, check_new_file
from adapters.cli.terminal import err, print_json, print_lines, says_in_json, tell
from adapters.postgres.notary import Watch
from adapters.postgres.verification import Verified
from adapters.postgres.verification import verify as verify_log
from adapters.proof.checkpoints import VerifierKey
from adapters.rendering.words import counted
from application.proof.checkpoints import KeptCheckpoint, LogHead, NoteRefused, notes_in
from application.views.cuts import Cut, check_there
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan

Elsewhere = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint", metavar="FILE", help="Files with checkpoints that were kept elsewhere; repeat for more."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(checkpoint)
    app.command()(verify)
    app.command("audit-bundle")(audit_bundle)


@says_in_json
def checkpoint(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on, and print each new checkpoint, until Ctrl-C.")
    ] = False,
    key: Annotated[bool, typer.Option("--key", help="Print the key that verifies checkpoints instead.")] = False,
) -> None:
    """Seal everything recorded so far under a signed checkpoint, and print it. Keep it where nobody can alter it."""
    settings = Settings()
    with open_store(settings) as store:
        latest = notary(store, log_key(settings)).seal()
        print_lines([f"{latest.key}\n".encode() if key else latest.note.encode()])
        if follow:
            watch = Watch(notary(store, log_key(settings), lambda made: print_lines([b"\n", made.note.encode()])))
            watch.start()
            try:
                Event().wait()
            finally:
                watch.stop()


def verify(
    elsewhere: Elsewhere = None,
    key: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A verifier key that the log used before; repeat for more.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole log against its tree and every checkpoint ever signed. The exit code is 1 if anything was
    altered."""
    settings = Settings()
    ours = kept_log_key(settings)
    trusted = [*([ours.verifier("ours")] if ours else []), *map(VerifierKey.read, key or ())]
    notes = [note for file in elsewhere or () for note in notes_of(file)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = err()
    with (
        open_store(settings) as store,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        if not trusted and store.tree.checkpoints(1):
            raise Told(
                f"The log key is missing: {settings.home / LOG_KEY_FILE} is not there, and the log was signed with one."
                " Put it back, set PLANTRAIL_LOG_KEY, or give the verifier key by --key. Nothing was verified."
            )
        bar = progress.add_task("Verifying events", total=None)
        found = verify_log(
            store.datastore, trusted, notes, lambda done, total: progress.update(bar, completed=done, total=total)
        )
    if as_json:
        print_json(Report.of(found, len(notes)))
    else:
        report(found, len(notes))


@dataclass(frozen=True)
class Report:
    """The output of `verify --json` for an unaltered log."""

    events_covered: int
    events_not_covered: int
    plans: int
    checkpoints: int
    checkpoints_kept_elsewhere: int
    last: LogHead | None
    """The last checkpoint."""

    @classmethod
    def of(cls, found: Verified, elsewhere: int) -> Self:
        last = LogHead.of(found.last) if found.last else None
        return cls(found.covered, found.not_covered, found.plans, found.checkpoints, elsewhere, last)


def notes_of(file: Path) -> list[str]:
    """Return the checkpoints in a file. Raises `NoteRefused`."""
    notes = list(notes_in(file.read_text("utf-8", "replace")))
    if not notes:
        raise NoteRefused(f"There is no checkpoint in {file}.")
    return notes


def report(found: Verified, elsewhere: int) -> None:
    lines = [f"As they were signed: {counted(found.covered, 'event')} of {counted(found.plans, 'plan')}."]
    if found.last:
        signed = f"{found.last.sealed_at:%Y-%m-%d %H:%M:%S} UTC"
        lines.append(
            f"Checkpoints that agree: {found.checkpoints}, the last one of {signed} with size {found.last.size}."
        )
        lines.append(f"Its root: {found.last.said.root.hex()}")
    if elsewhere:
        lines.append(f"Kept elsewhere, and agreeing: {counted(elsewhere, 'checkpoint')}.")
    if found.not_covered:
        lines.append(
            f"Not under a checkpoint yet, so that nothing is proven of them: {counted(found.not_covered, 'event')}."
        )
    print_lines([f"{line}\n".encode() for line in lines])
    if not elsewhere:
        tell("A store that was replaced as a whole is found by --checkpoint alone: one that was kept elsewhere.", "dim")


def audit_bundle(
    plan: PlanName,
    output: Annotated[Path, typer.Option("-o", "--output", help="A new ZIP file.")],
    as_of: AsOf = "now",
    earlier: Elsewhere = None,
    words: Annotated[
        bool,
        typer.Option("--words/--sealed", help="Whether to include text about people, or only what it is sealed as."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Export what it takes to prove a plan's history to somebody who does not trust us: events, proofs, report,
    verifier."""
    check_new_file(output, "A bundle is a ZIP file", ZIP)
    notes = [note for file in earlier or () for note in notes_of(file)]
    with found(plan) as (store, asked):
        cut = asked.cut(as_of)
        check_there(asked.known, cut)
        note_export(store, "audit-bundle", asked.known.id, f"version:{cut.version}")
        at = notary(store, log_key(Settings())).seal()
        write_bundle(output, store, asked.known, cut, at, notes, asked.now, words)
    if as_json:
        print_json(Bundle.of(output, asked.known, cut, at))
        return
    tell(
        f"The bundle is written to {output}. Whoever gets it finds in README.md how it is verified: with Python alone."
    )


@dataclass(frozen=True)
class Bundle:
    """The output of `audit-bundle --json`: the file, its contents, and the checkpoint against which it is proven."""

    file: str
    sha256: str
    plan_id: UUID
    account_id: str
    version: int
    log_head: LogHead

    @classmethod
    def of(cls, file: Path, known: LoadedPlan, cut: Cut, at: KeptCheckpoint) -> Self:
        with file.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        account = the_plan(known.state).account_id
        return cls(str(file), digest, known.id, account, cut.version, LogHead.of(at))
