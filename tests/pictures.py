"""Pictures of every page of the demo: `python -m tests.pictures FOLDER` saves all, light and dark, wide and narrow;
without a folder, the two pictures in the README are made again.

`docs/pages.md` names every page; a test compares it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import opened
from tests.conftest import KEY
from tests.databases import database
from tests.office import PAGES, Office, open_office
from tests.places import ROOT

IN_README = {"plan": ROOT / "docs" / "plan.png", "promises": ROOT / "docs" / "promises.png"}
SIZES = ((1280, False), (1280, True), (360, False), (360, True))
DOCUMENT = ROOT / "docs" / "pages.md"


@contextmanager
def office() -> Iterator[Office]:
    """The demo, on a PostgreSQL of its own."""
    with (
        TemporaryDirectory() as home,
        EmbeddedPostgres(Path(home), None, durable=False) as postgres,
        database(postgres) as where,
        opened(where, KEY) as store,
        open_office(store) as office,
    ):
        yield office


def take_all(folder: Path) -> None:
    with office() as served:
        for width, dark in SIZES:
            size = folder / f"{width}-{'dark' if dark else 'light'}"
            size.mkdir(parents=True, exist_ok=True)
            with served.visit(width=width, dark=dark) as visit:
                for name in PAGES:
                    visit.page.goto(served.address(name))
                    visit.page.screenshot(path=size / f"{name}.png", full_page=True)


def take_for_readme() -> None:
    with office() as served, served.visit() as visit:
        for name, file in IN_README.items():
            visit.page.goto(served.address(name))
            visit.page.screenshot(path=file)


PATTERNS = {
    "halden-stores": "{plan}",
    "/forget?id=coo": "/forget",
    "values/play/wave-one/due_on": "values/{kind}/{id}/{field}",
    "all/action": "all/{kind}",
    "packs/canvas": "packs/{pack}",
    "do/plan-play": "do/{command}",
    "values/round/2026-summer/decided_by": "values/{kind}/{id}/{field}",
    "rounds/2026-summer": "rounds/{round}",
}
"""The parts of an example's address that the document writes as patterns."""


def document() -> str:
    """Return the expected page about the pages."""
    return INTRODUCTION + "".join(f"| `{_pattern(name)}` | {PAGES[name][1]} |\n" for name in PAGES if name != "nothing")


def _pattern(name: str) -> str:
    path = PAGES[name][0] or {"event": "/events/{id}", "webhook": "/settings/webhooks/{id}"}[name]
    for example, said in PATTERNS.items():
        path = path.replace(example, said)
    return path


INTRODUCTION = """# The pages

`plantrail serve` serves these pages beside the interface for programs; `make demo` prints a link that opens the
portfolio. Every page works without scripts, with the keyboard, on a phone and in dark mode, and links to the same
content as JSON, in the page and in a `Link` header; a page that no operation of the interface is like answers with its
values at `?as=json`. Actions that the reader has no right to are not shown. `make pictures` takes a picture of each
page, in two widths, light and dark, into `pictures/`.

Keys: `g p` portfolio, `g m` my day, `g f` findings, `g r` program, `/` search, `j` and `k` rows, `[` and `]` the
review before and after, `,` and `.` the event before and after, `b` who set what, `Ctrl-K` everything that can be
recorded, `?` these keys.

| address | what it shows |
|---|---|
"""


def main() -> None:
    DOCUMENT.write_text(document())
    if len(sys.argv) > 1:
        take_all(Path(sys.argv[1]))
    else:
        take_for_readme()


if __name__ == "__main__":
    main()
