"""Runs tests on one mutant after the other, each in a process of its own that is forked from one ready to test.

Tests that need a store find one PostgreSQL, started once: each process makes a database of its own in it.

A mutant inside a function takes the place of that function's code, wherever the function is referred to.  One outside,
or inside a function that is called while modules are imported, is imported afresh together with everything that depends
on it, in the forked process; so is one that survives on a line that was run while tests were collected, for what was
made there was made without it.
"""

import ast
import gc
import importlib
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from inspect import CO_NEWLOCALS
from itertools import groupby, pairwise
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import pytest
from cosmic_ray.work_item import MutationSpec, TestOutcome

from tests.mutants.bending import bent_here, lines_of, read
from tests.mutants.forks import each_in_a_fork, in_a_fork, limit
from tests.mutants.reaching import OURS, PACKAGES, forget, kept, passes, remembering, watch
from tests.places import ROOT, module_name, modules
from tests.programs import MARK

LONG = 0.25
"""A test that takes more than this share of the seconds that a mutant has to survive is left out, since every survivor
would have to run it."""

CONTROLS = 20
"""So many tests have to pass without a mutant before any is tried."""

PATIENCE = 10.0
"""Seconds of processor time that a mutant may take in a test beyond three times what the test takes: one that loops
forever is killed."""

NO_TEST = "no test runs the line"

SURVIVED, KILLED, INCOMPETENT, UNREACHED = range(4)
OUTCOMES = {
    SURVIVED: (TestOutcome.SURVIVED, ""),
    KILLED: (TestOutcome.KILLED, ""),
    INCOMPETENT: (TestOutcome.INCOMPETENT, ""),
    UNREACHED: (TestOutcome.SURVIVED, NO_TEST),
}

ARGUMENTS = ["-p", "no:terminal", "-p", "no:cacheprovider", "-m", "not torture"]

PURE = "not program and not torture"

INTERFACE = "test_commands"
"""The name of the file with these tests."""


class Place(NamedTuple):
    """A function, by where its source begins."""

    path: str
    line: int
    name: str


def place_of(code: CodeType) -> Place:
    return Place(code.co_filename, code.co_firstlineno, code.co_qualname)


class Mutants:
    """A pytest plugin that, instead of running the tests once, runs them on each mutant.

    A mutant has to survive `enough` seconds of tests: those of the file named after its module, then the fastest.
    `told` is called with each mutant, what became of it and why, in the order in which they end.  Which tests run which
    line is kept in the file `memory` until a file of the project changes.
    """

    def __init__(
        self,
        specs: Sequence[MutationSpec],
        told: Callable[[MutationSpec, TestOutcome, str], None],
        enough: float,
        memory: Path,
    ) -> None:
        self._specs, self._told, self._enough, self._memory = specs, told, enough, memory
        self._while_importing = called_by(_import_everything)
        self._while_collecting: Mapping[str, set[int]] = {}
        self._stores: Any = None

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        watching = watch()
        watching.start()
        try:
            return (yield)
        finally:
            watching.stop()
            data = watching.get_data()
            self._while_collecting = {path: set(data.lines(path) or ()) for path in data.measured_files()}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        made = yield
        if fixturedef.argname == "stores":
            self._stores = made
        return made

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = session.items
        self._start_postgres()
        session.config.option.tbstyle = "value"  # that a test fails is enough, and to show where takes longer than it
        gc.unfreeze()
        self._tests = kept(self._memory, session.items, LONG * self._enough)
        tried, seconds = len(self._tests.took), sum(self._tests.took.values())
        print(f"\n{tried} of {len(self._items)} tests are used, {seconds:.0f} s together")
        for index in self._tests.failed:
            print(f"not used, since it fails without any mutant or is too long: {self._items[index].nodeid}")
        self._caches = remembering()
        self._functions = defaultdict[Place, list[FunctionType]](list)
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(OURS):
                self._functions[place_of(function.__code__)].append(function)
        _imports()
        gc.freeze()
        quickest = sorted(self._tests.took, key=self._tests.took.__getitem__)[:CONTROLS]
        if in_a_fork(lambda: _first_failure([self._items[index] for index in quickest])) != SURVIVED:
            raise AssertionError("the tests fail without any mutant, so that none could be told from another")
        replaceable = {
            (place.path, line)
            for place, functions in self._functions.items()
            for *_, line in functions[0].__code__.co_lines()
            if place not in self._while_importing
        }
        # What has to be imported afresh takes ten times as long, with all that was made of it.
        quick_first = sorted(
            self._specs, key=lambda spec: (str(ROOT / spec.module_path), spec.start_pos[0]) not in replaceable
        )
        at_hand = (spec for spec in quick_first if read(spec.module_path))
        for spec, outcome in each_in_a_fork(at_hand, self._try, KILLED):
            self._told(spec, *OUTCOMES[outcome])
        return True

    def _start_postgres(self) -> None:
        """Starts it, where any test needs one, by running such a test and keeping what serves the whole session."""
        needing = [item for item in self._items if "stores" in getattr(item, "fixturenames", ())]
        if needing:
            # What stays set up after it must be what every test that may come first has as well.
            farthest = min(self._items, key=lambda item: _shared(item, needing[0]))
            assert passes(needing[0], following=None if farthest is needing[0] else farthest)
            self._stores.drop()  # each process makes its own: none may use a connection of another

    def _try(self, spec: MutationSpec) -> int:
        path = ROOT / spec.module_path
        source = bent_here(spec)
        try:
            new = compile(source, path, "exec", dont_inherit=True)
        except SyntaxError:
            return INCOMPETENT
        altered = list(_altered(read(spec.module_path).code, new))
        if not altered:
            return SURVIVED
        functions = {place_of(old): code for old, code in altered if old.co_flags & CO_NEWLOCALS}
        of_line = self._tests.of(str(path), lines_of(spec))
        if len(functions) == len(altered) and not self._while_importing & functions.keys():
            for place, code in functions.items():
                for function in self._functions[place]:
                    function.__code__ = code
            forget(self._caches)
            chosen = self._chosen(path, of_line)
            most = [PATIENCE + 3 * self._tests.took[index] for index in chosen]
            outcome = _first_failure([self._items[index] for index in chosen], most) if chosen else UNREACHED
            is_told = outcome not in (SURVIVED, UNREACHED)
            if is_told or self._while_collecting.get(str(path), set()).isdisjoint(lines_of(spec)):
                return outcome
        elif len(functions) < len(altered):
            decorated, names = _decorated(spec), _names(spec)
            others = [each for each in _speaking(names) if each != spec.module_path]
            of_line = self._tests.of(str(path), _lines_inside(decorated)) if decorated else set()
            of_line |= self._naming(names) or self._of_modules(others) or self._of_modules([spec.module_path])
            of_line |= self._speaking_themselves(names)
        chosen = self._chosen(path, of_line | self._own_tests(path) | self._of_the_interface())
        limit(PATIENCE + 3 * sum(self._tests.took[index] for index in chosen))
        pure = [item for index in chosen if not (item := self._items[index]).get_closest_marker(MARK)]
        return _imported_afresh(path, source, [item.nodeid for item in pure])

    def _own_tests(self, path: Path) -> set[int]:
        """The tests of the file that is named after the module at `path`."""
        return {index for index in self._tests.took if self._items[index].path.stem == f"test_{path.stem}"}

    def _of_the_interface(self) -> set[int]:
        """The tests that compare what every command and request takes with what was released: of any module, what is
        made while it is imported may be a part of that."""
        return {index for index in self._tests.took if self._items[index].path.stem == INTERFACE}

    def _naming(self, names: set[str]) -> set[int]:
        """The tests that run a function of ours which speaks of one of the names."""
        return {
            index
            for place, functions in self._functions.items()
            if names & {*functions[0].__code__.co_names}
            for index in self._tests.of(place.path, {line for *_, line in functions[0].__code__.co_lines() if line})
        }

    def _speaking_themselves(self, names: set[str]) -> set[int]:
        """The tests of files that speak of one of the names: what is read of a module is run by nobody."""
        return {index for index in self._tests.took if names & _words(self._items[index].path)}

    def _of_modules(self, paths: Iterable[Path]) -> set[int]:
        """The tests that run any line of these modules."""
        return set().union(*(self._tests.of(path, self._tests.running.get(path, ())) for path in map(_absolute, paths)))

    def _chosen(self, path: Path, of_line: Iterable[int]) -> list[int]:
        """The tests to run on a mutant of the module at `path`, of those that run its line, in order."""
        first, took = {f"test_{path.stem}", INTERFACE}, self._tests.took
        chosen, so_far = list[int](), 0.0
        for index in sorted(of_line, key=lambda index: (self._items[index].path.stem not in first, took[index])):
            if so_far and so_far + took[index] > self._enough:
                break
            chosen.append(index)
            so_far += took[index]
        return chosen


Decorated = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _decorated(spec: MutationSpec) -> Decorated | None:
    """The function or class of which a mutant bends a decorator."""
    for node in ast.walk(ast.parse((ROOT / spec.module_path).read_text())):
        if isinstance(node, Decorated) and spec.start_pos[0] in {each.lineno for each in node.decorator_list}:
            return node
    return None


def _lines_inside(decorated: Decorated) -> set[int]:
    """The lines of what is run when it is called, or of what it has that is called."""
    called = [node for node in ast.walk(decorated) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {line for each in called for line in range(each.body[0].lineno, (each.end_lineno or 0) + 1)}


def _names(spec: MutationSpec) -> set[str]:
    """What stands on the line of a mutant outside of functions: what is assigned there, and what it is in; of a
    decorator, what is decorated."""
    if decorated := _decorated(spec):
        return {decorated.name}
    line = (ROOT / spec.module_path).read_text().splitlines()[spec.start_pos[0] - 1]
    assigned = line.split("=")[0].split(":")[0].strip()
    return {assigned, *(spec.definition_name or "").split(".")[-1:]} - {""}


def _speaking(names: set[str]) -> list[Path]:
    """The modules in which one of the names stands, if only as the type of a field."""
    return [path for path in modules() if names & _words(path)]


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", (ROOT / path).read_text()))


def _absolute(path: Path) -> str:
    return str(ROOT / path)


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


def _first_failure(items: Sequence[pytest.Item], most: Sequence[float] = ()) -> int:
    """Whether any of the tests fails, or takes more seconds of processor time than it may."""
    for place, (item, following) in enumerate(pairwise([*items, None])):
        if most and place < len(most):
            limit(most[place])
        if item and not passes(item, following):
            _end(item)
            return KILLED
    return SURVIVED


def _shared(item: pytest.Item, other: pytest.Item) -> int:
    """How many folders, files and classes two tests stand in together."""
    return sum(one is another for one, another in zip(item.listchain(), other.listchain(), strict=False))


def _end(item: pytest.Item) -> None:
    """Takes down what was to serve more tests."""
    item.ihook.pytest_sessionfinish(session=item.session, exitstatus=pytest.ExitCode.TESTS_FAILED)


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
    """Runs the tests, file after file, with the bent module and whatever was made from it."""
    name = module_name(path.relative_to(ROOT))
    for dependent in _dependents(name):
        del sys.modules[dependent]
    sys.meta_path.insert(0, _Bent(name, path, source))
    try:
        importlib.import_module(name)
        if not nodes:
            _import_everything()
    except Exception:  # noqa: BLE001  (whatever a mutant raises, it cannot be imported)
        return INCOMPETENT
    for file, of_file in groupby(nodes, key=lambda node: node.split("::")[0]):
        # Nothing in `tests/conftest.py` serves a test that starts no program, but it imports everything that does.
        code = pytest.main([*ARGUMENTS, "-m", PURE, "--noconftest", "-x", file], plugins=[_Only(list(of_file))])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return KILLED
    return SURVIVED


def _dependents(name: str) -> set[str]:
    """The modules of the project that are loaded and were made from that one, itself among them."""
    found = {name}
    while more := {each for each, of in _imports().items() if of & found} - found:
        found |= more
    return found & sys.modules.keys()


@cache
def _imports() -> dict[str, set[str]]:
    """What each module of the project that is loaded imports."""
    found = dict[str, set[str]]()
    for name, module in [*sys.modules.items()]:
        if name.split(".")[0] in PACKAGES and (file := getattr(module, "__file__", None)):
            of = found[name] = set[str]()
            for node in ast.walk(ast.parse(Path(file).read_bytes())):
                if isinstance(node, ast.ImportFrom) and node.module:
                    of |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                elif isinstance(node, ast.Import):
                    of |= {alias.name for alias in node.names}
    return found


def _import_everything() -> None:
    for path in modules():
        importlib.import_module(module_name(path))


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
