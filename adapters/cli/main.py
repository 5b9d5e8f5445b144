"""The entry point of `plantrail`."""

import sys

from pydantic import BaseModel

from adapters.bootstrap.garbage import collecting_nothing

# Each model is built when it is first used: there are hundreds, those of FastAPI included, and most processes use few.
BaseModel.model_config["defer_build"] = True


def app() -> None:
    """Run the command line. Ctrl-C ends it quietly even while modules are being loaded, which takes a second."""
    try:
        with collecting_nothing():
            from adapters.cli.commands import app as commands
        commands()
    except KeyboardInterrupt:
        sys.exit(130)
