"""Runs tests outside of the rooms, over HTTP or on a store, on mutants that the tests of the rooms leave alive.

Such tests start programs, so a mutant is written into a copy of the project, in which the tests and what they start
find it.  Which tests are tried on which module stands in `outside.toml`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import pytest
from cosmic_ray.work_item import MutationSpec

from tests.mutants.bending import bent
from tests.places import ROOT

FILE = Path(__file__).with_name("outside.toml")

OUTSIDE = "outside"
"""Why a mutant died that only these tests tell from the program."""

WAITED = 900.0
"""Seconds by the clock that a mutant may take: one that loops or waits for ever is killed."""


def tests_of(module: Path) -> tuple[str, ...]:
    """The files of tests that are tried on mutants of this module, relative to the root."""
    found = [
        files
        for room, of in tomllib.loads(FILE.read_text()).items()
        for rest, files in of.items()
        if (Path(room) / rest) in module.parents
    ]
    return tuple(f"tests/{name}" for files in found for name in files)


def tried(specs: Sequence[MutationSpec]) -> Iterator[tuple[MutationSpec, bool]]:
    """Each mutant that there are tests for, and whether it died of them.  As many at a time as there are cores.

    Raises `AssertionError` when the tests fail without any mutant.
    """
    chosen = {id(spec): files for spec in specs if (files := tests_of(spec.module_path))}
    if not chosen:
        return
    with ExitStack() as stack:
        number = os.cpu_count() or 1
        copies = SimpleQueue[Path]()
        for _ in range(number):
            copies.put(stack.enter_context(_copy()))
        pool = stack.enter_context(ThreadPoolExecutor(number))

        def passes(spec: MutationSpec | None, files: Sequence[str]) -> bool:
            copy = copies.get()
            try:
                with _bent_in(copy, spec):
                    return _passes(copy, files)
            finally:
                copies.put(copy)

        files = sorted({file for of in chosen.values() for file in of})
        passing = pool.map(lambda file: passes(None, [file]), files)
        if failing := [file for file, passed in zip(files, passing, strict=True) if not passed]:
            raise AssertionError(
                f"without any mutant {', '.join(failing)} fail, so that none could be told from another"
            )
        trying = {pool.submit(passes, spec, chosen[id(spec)]): spec for spec in specs if id(spec) in chosen}
        for each in as_completed(trying):
            yield trying[each], not each.result()


@contextmanager
def _copy() -> Iterator[Path]:
    """A copy of the project as it is, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    with TemporaryDirectory(prefix="mutant") as folder:
        for name in filter(None, listed.split("\0")):
            if (path := ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, Path(folder) / name)
        yield Path(folder)


@contextmanager
def _bent_in(copy: Path, spec: MutationSpec | None) -> Iterator[None]:
    if spec is None:
        yield
        return
    file = copy / spec.module_path
    before = file.read_text()
    file.write_text(bent(spec))
    try:
        yield
    finally:
        file.write_text(before)


def _passes(copy: Path, files: Sequence[str]) -> bool:
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    env = {**os.environ, "PYTHONPATH": str(copy)}  # before what is installed
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        words, cwd=copy, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    ) as tests:
        try:
            return tests.wait(WAITED) == pytest.ExitCode.OK
        except subprocess.TimeoutExpired:
            return False
        finally:
            if tests.poll() is None:
                os.killpg(tests.pid, signal.SIGKILL)
