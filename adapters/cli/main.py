"""The entry point of `plantrail`."""

import gc
import sys


def app() -> None:
    """Run the command line. Ctrl-C ends it quietly even while modules are being loaded, which takes a second."""
    try:
        # While modules are loaded nothing becomes garbage: to look for some takes an eighth of the time.
        gc.disable()
        from adapters.cli.commands import app as commands

        gc.freeze()
        gc.enable()
        commands()
    except KeyboardInterrupt:
        sys.exit(130)
