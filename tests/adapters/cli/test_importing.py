"""What the terminal tells of an import: how it is read, what is wrong, and what is to be looked at twice."""

from adapters.cli.importing import show
from adapters.exchange.imports.status import ImportStatus
from application.imports.rows import RowResult, Wrong
from tests.stores import MONDAY


def test_what_looks_like_a_mistake_is_shown_beside_what_is_wrong(capsys):
    status = ImportStatus(id="1", kind="actions", dry_run=True, state="finished", created_at=MONDAY, rows=22, plans=1)
    stranger = [Wrong("Owner", "Nobody of ours is known as “zoe” yet.", "zoe")]
    status.add(RowResult(2, "acme", "recorded", warnings=stranger))
    status.add(RowResult(3, "acme", "failed", wrong=[Wrong("Due", "is no day", "31.31.")]))
    show(status.model_dump(mode="json"), None)
    printed = capsys.readouterr()
    wrong, _, meant = printed.out.partition("Is that meant?")
    assert "31.31." in wrong.partition("What is wrong")[2]
    assert "Nobody of ours is known as “zoe” yet." in meant
    assert "That is not all" not in printed.out + printed.err
    for row in range(4, 24):
        status.add(RowResult(row, "acme", "recorded", warnings=stranger))
    show(status.model_dump(mode="json"), None)
    printed = capsys.readouterr()
    assert "That is not all" in printed.out + printed.err
