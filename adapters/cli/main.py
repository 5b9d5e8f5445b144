"""Where `plantrail` begins."""

import sys


def app() -> None:
    """Ctrl-C ends it quietly from the first moment on: what it takes is read in a second, not at once."""
    try:
        from adapters.cli.commands import app as commands

        commands()
    except KeyboardInterrupt:
        sys.exit(130)
