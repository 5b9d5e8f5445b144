"""Files that cannot be imported: each is answered with the same sentence over HTTP and in the shell, which says what is
wrong, where, and what to do about it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.store import ConnectionStrings
from tests import plain_http
from tests.adapters.cli.test_cli import environment, refused
from tests.adapters.exchange.test_import_crashes import serving
from tests.cases import for_each
from tests.databases import Stores
from tests.places import ROOT
from tests.refused_tables import KIND_OF, REFUSED
from tests.stores import OPEN_ACME, wait_until

FILES = ROOT / "tests" / "files"


@pytest.fixture(scope="module")
def served_at(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ConnectionStrings]]:
    with stores.lend() as where, serving(where, tmp_path_factory.mktemp("served")) as (url, _):
        plain_http.post(f"{url}/v1/plans", json=OPEN_ACME).raise_for_status()
        yield url, where


@for_each(("file", "sentence"), [*REFUSED.items()][::8])
def test_a_file_is_refused_over_http_in_the_sentence_that_says_what_to_do(served_at, file, sentence):
    url, _ = served_at
    assert over_http(url, FILES / file, KIND_OF.get(file, "stakeholders")) == sentence


@pytest.mark.torture
@for_each(("file", "sentence"), REFUSED.items())
def test_every_file_is_refused_over_http_in_the_same_words(served_at, file, sentence):
    url, _ = served_at
    assert over_http(url, FILES / file, KIND_OF.get(file, "stakeholders")) == sentence


@pytest.mark.torture
@for_each(("file", "sentence"), REFUSED.items())
def test_a_file_is_refused_in_the_same_words_in_the_shell(served_at, file, sentence):
    url, where = served_at
    kind, path = KIND_OF.get(file, "stakeholders"), FILES / file
    words = ["import", path.suffix.removeprefix("."), kind, str(path), "--plan", "acme"]
    assert refused(*words, **environment(where), PLANTRAIL_URL=url) == f"{path}: {sentence}"


def over_http(url: str, file: Path, kind: str) -> str:
    """Why an import was refused, by its status."""
    options = {"kind": kind, "plan": "acme", "format": file.suffix.removeprefix(".")}
    form = {"data": {"options": json.dumps(options)}, "files": {"file": (file.name, file.read_bytes())}}
    begun = plain_http.post(f"{url}/v1/imports", **form)
    assert begun.status_code == 202, begun.text
    status: dict[str, Any] = {}

    def over() -> bool:
        status.update(plain_http.get(f"{url}{begun.headers['location']}").json())
        return status["state"] in ("finished", "refused", "stopped")

    wait_until(over, 60)
    assert status["state"] == "refused", status
    return str(status["detail"])
