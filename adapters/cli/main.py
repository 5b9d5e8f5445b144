"""The entry point of `plantrail`."""

import sys


def app() -> None:
    """Run the command line. Ctrl-C ends it quietly even while modules are being loaded, which takes a second."""
    try:
        from adapters.cli.commands import app as commands

        commands()
    except KeyboardInterrupt:
        sys.exit(130)
