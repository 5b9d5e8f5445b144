"""Runs tests on one mutant after the other, each in a process of its own that is forked from one ready to test.

A mutant inside a function takes the place of that function's code, wherever the function is referred to.  One outside,
or inside a function that is called while modules are imported, is imported afresh together with everything that depends
on it, in the forked process.
"""

import gc
import importlib
import os
import pickle
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from inspect import CO_NEWLOCALS
from itertools import accumulate
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import pytest
from cosmic_ray.work_item import MutationSpec, TestOutcome

from tests.mutants.bending import ROOMS, bent, modules
from tests.places import ROOT

LONG = 1.0
"""Seconds of processor time; tests that take longer are left out, since every survivor would have to run them."""

ENOUGH = 10.0
"""Seconds of tests that each mutant has to survive: those of the file named after its module, then the fastest."""

PATIENCE = 20.0
"""Seconds of processor time that a mutant may take beyond three times what its tests take: one that loops forever is
killed."""

SURVIVED, KILLED, INCOMPETENT = range(3)
OUTCOMES = {SURVIVED: TestOutcome.SURVIVED, KILLED: TestOutcome.KILLED, INCOMPETENT: TestOutcome.INCOMPETENT}

OURS = tuple(f"{ROOT / room}{os.sep}" for room in ROOMS)


class Place(NamedTuple):
    """A function, by where its source begins."""

    path: str
    line: int
    name: str


def place_of(code: CodeType) -> Place:
    return Place(code.co_filename, code.co_firstlineno, code.co_qualname)


class Mutants:
    """A pytest plugin that, instead of running the tests once, runs them on each mutant.

    `told` is called with each mutant and what became of it, in the order in which they end.
    """

    def __init__(self, specs: Sequence[MutationSpec], told: Callable[[MutationSpec, TestOutcome], None]) -> None:
        self._specs, self._told = specs, told
        self._while_importing = called_by(_import_everything)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        took, calling = _in_a_fork(lambda: _tests_by_function(items))
        print(f"\n{len(took)} of {len(items)} tests take at most {LONG} s, {sum(took.values()):.0f} s together")
        gc.unfreeze()
        functions = defaultdict(list)
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(OURS):
                functions[place_of(function.__code__)].append(function)
        gc.freeze()
        for spec, outcome in _each_in_a_fork(
            self._specs, lambda spec: self._try(spec, items, took, calling, functions)
        ):
            self._told(spec, OUTCOMES[outcome])
        return True

    def _try(
        self,
        spec: MutationSpec,
        items: Sequence[pytest.Item],
        took: Mapping[int, float],
        calling: Mapping[Place, set[int]],
        functions: Mapping[Place, list[FunctionType]],
    ) -> int:
        path = ROOT / spec.module_path
        try:
            new = compile(bent(spec), path, "exec", dont_inherit=True)
        except SyntaxError:
            return INCOMPETENT
        altered = list(_altered(compile(path.read_text(), path, "exec", dont_inherit=True), new))
        whole = altered and not any(code.co_flags & CO_NEWLOCALS == 0 for code, _ in altered)
        swaps = [(function, code) for old, code in altered for function in functions[place_of(old)]]
        called = set().union(*(calling.get(place_of(old), set()) for old, _ in altered))
        if whole and swaps and not self._while_importing & {place_of(old) for old, _ in altered}:
            for function, code in swaps:
                function.__code__ = code
            chosen = _chosen(path, called, items, took)
            _limit(PATIENCE + 3 * sum(took[index] for index in chosen))
            return _first_failure(items[index] for index in chosen)
        of_module = {index for place in calling if place.path == str(path) for index in calling[place]}
        chosen = _chosen(path, of_module or took, items, took)
        _limit(PATIENCE + 3 * sum(took[index] for index in chosen))
        return _imported_afresh(path, bent(spec), [items[index].nodeid for index in chosen])


def _chosen(path: Path, calling: Iterable[int], items: Sequence[pytest.Item], took: Mapping[int, float]) -> list[int]:
    """The tests to run on a mutant of the module at `path`, of those that call it, in order."""
    own = f"test_{path.stem}"
    ordered = sorted(calling, key=lambda index: (items[index].path.stem != own, took[index]))
    return [
        index
        for index, so_far in zip(ordered, accumulate(map(took.__getitem__, ordered)), strict=True)
        if so_far <= ENOUGH
    ]


def _altered(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions that differ, with those they stand in; of a module or a class, only where it differs by itself."""
    inner_old = [const for const in old.co_consts if isinstance(const, CodeType)]
    inner_new = [const for const in new.co_consts if isinstance(const, CodeType)]
    plain = [
        (code.co_code, code.co_names, [const for const in code.co_consts if not isinstance(const, CodeType)])
        for code in (old, new)
    ]
    by_itself = repr(plain[0]) != repr(plain[1]) or len(inner_old) != len(inner_new)
    if by_itself or (old.co_flags & CO_NEWLOCALS and old != new):
        yield old, new
    for pair in zip(inner_old, inner_new, strict=False):
        if pair[0] != pair[1]:
            yield from _altered(*pair)


def _first_failure(items: Iterable[pytest.Item]) -> int:
    for item in items:
        if not _passes(item):
            return KILLED
    return SURVIVED


def _passes(item: pytest.Item) -> bool:
    failed: list[bool] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            failed.append(report.failed)

    watch = Watch()
    item.config.pluginmanager.register(watch)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        item.config.pluginmanager.unregister(watch)
    return not any(failed)


class _Bent(MetaPathFinder, SourceFileLoader):
    """Imports one module from the source given."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self._source = source

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self.name else None

    def get_code(self, _: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Only:
    """Lets pytest run the given tests alone, in the order given."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self._places = {node: place for place, node in enumerate(nodes)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._places), key=lambda item: self._places[item.nodeid]
        )


def _imported_afresh(path: Path, source: str, nodes: Sequence[str]) -> int:
    for name in [name for name in sys.modules if name.split(".")[0] in {"domain", "application", "adapters", "tests"}]:
        del sys.modules[name]
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    sys.meta_path.insert(0, _Bent(name, path, source))
    try:
        importlib.import_module(name)
        _import_everything()
    except Exception:  # noqa: BLE001  (whatever a mutant raises, it cannot be imported)
        return INCOMPETENT
    files = sorted({node.split("::")[0] for node in nodes})
    code = pytest.main([*ARGUMENTS, "-x", *files], plugins=[_Only(nodes)])
    return SURVIVED if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else KILLED


ARGUMENTS = ["-q", "--no-header", "-p", "no:cacheprovider", "-m", "not program and not torture"]


def _import_everything() -> None:
    for path in modules():
        parts = path.with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def called_by(act: Callable[[], object]) -> set[Place]:
    """The functions of ours that are called while `act` runs."""
    codes: dict[int, CodeType] = {}

    def see(frame: FrameType, _event: str, _: object) -> None:
        codes[id(frame.f_code)] = frame.f_code

    sys.settrace(see)
    try:
        act()
    finally:
        sys.settrace(None)
    return {place_of(code) for code in codes.values() if code.co_filename.startswith(OURS)}


def _tests_by_function(items: Sequence[pytest.Item]) -> tuple[dict[int, float], dict[Place, set[int]]]:
    """How many seconds of processor time each test takes that is not too long, and which of them call each function."""
    took: dict[int, float] = {}
    calling = defaultdict[Place, set[int]](set)
    for index, item in enumerate(items):
        drawn_at_random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        seen = _in_a_fork(lambda item=item: _seen(item), 3 * LONG) if drawn_at_random else _seen(item)
        if seen is not None and seen[0] <= LONG:
            took[index] = seen[0]
            for place in seen[1]:
                calling[place].add(index)
    return took, dict(calling)


def _seen(item: pytest.Item) -> tuple[float, set[Place]] | None:
    """How long a test takes and what it calls, if it passes."""
    began = time.process_time()
    passed: list[bool] = []
    places = called_by(lambda: passed.append(_passes(item)))
    return (time.process_time() - began, places) if passed == [True] else None


def _limit(seconds: float) -> None:
    """Lets this process be ended after so much processor time."""
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _in_a_fork(act: Callable[[], Any], seconds: float = 0) -> Any:
    """What `act` returns, from a process that leaves nothing behind in this one; None where it took too long."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            _silently()
            _limit(seconds)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(act(), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told) if told else None


def _each_in_a_fork(
    specs: Iterable[MutationSpec], act: Callable[[MutationSpec], int]
) -> Iterator[tuple[MutationSpec, int]]:
    """What became of each, as many at a time as there are cores; one that was ended by a signal counts as killed."""
    under_way: dict[int, MutationSpec] = {}

    def one_ended() -> tuple[MutationSpec, int]:
        child, status = os.wait()
        return under_way.pop(child), os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else KILLED

    for spec in specs:
        if len(under_way) >= (os.cpu_count() or 1):
            yield one_ended()
        if not (child := os.fork()):
            _silently()
            code = KILLED
            try:
                code = act(spec)
            finally:
                os._exit(code)
        under_way[child] = spec
    while under_way:
        yield one_ended()


def _silently() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
