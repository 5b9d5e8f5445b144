"""Who wants no colours gets text alone, on a terminal, too."""

from io import StringIO

import pytest
from rich.text import Text

from adapters.cli.terminal import Out, Terminal


@pytest.mark.parametrize("console", [Terminal, Out])
def test_no_color_leaves_no_control_codes_and_no_bold_type(console, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert shown(console).count("\x1b") > 1
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(console) == "Halden is overdue\n"


def shown(console: type[Terminal]) -> str:
    written = StringIO()
    console(file=written, force_terminal=True, width=80).print(
        Text.assemble(("Halden", "bold"), " is ", ("overdue", "bold red"))
    )
    return written.getvalue()
