"""The process beside the service that keeps the tables up to date: where it has grown, another takes its place, and
nothing waits for that.
"""

from base64 import b64encode
from multiprocessing import active_children

import pytest
from pydantic import SecretStr

from adapters.bootstrap.background_process import BackgroundProcess
from adapters.bootstrap.settings import Settings
from adapters.postgres.store import opened
from tests.stores import KEY, connected, opened_acme, plans_on, wait_until

NAME = "plantrail background"


def processes() -> set[int]:
    return {process.pid for process in active_children() if process.name == NAME and process.pid}


@pytest.mark.torture
@pytest.mark.program
@pytest.mark.parametrize("grown", [True, False])
def test_where_it_has_grown_another_follows_the_log_in_its_place(grown, tmp_path, connection_strings):
    where = connection_strings
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr(where.service),
        owner_url=SecretStr(where.owner),
        keys_url=SecretStr(where.keys),
        key_encryption_key=SecretStr(b64encode(KEY.of(1).secret).decode()),
    )
    with BackgroundProcess(settings, False, *([-1] if grown else [])) as beside, opened(where, KEY) as store:
        [first] = processes()
        if grown:
            wait_until(lambda: processes() and first not in processes())
        opened_acme(plans_on(store))

        def is_listed() -> bool:
            with connected(where.service) as connection:
                return connection.execute("SELECT count(*) FROM plantrail.portfolio").fetchall() == [(1,)]

        wait_until(is_listed)
        assert beside.why_behind() is None
        assert (first in processes()) is not grown
