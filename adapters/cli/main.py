"""The entry point of `plantrail`."""

import sys

from pydantic import BaseModel

from adapters.bootstrap.garbage_collection import without_garbage_collection

# Models are built when they are first used: there are hundreds, including those of FastAPI, and most processes use few.
BaseModel.model_config["defer_build"] = True


def app() -> None:
    """Run the command line. Ctrl-C ends it without a stack trace even while modules are loaded, which takes a
    second.
    """
    try:
        with without_garbage_collection():
            from adapters.cli.commands import app as commands
        commands()
    except KeyboardInterrupt:
        sys.exit(130)
