"""The command that serves assistants, on standard input and output or at a port of this machine."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated

import typer

from adapters.cli.doing import running_service
from adapters.cli.errors import Told


def add_to(app: typer.Typer) -> None:
    app.command()(mcp)


def mcp(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve at this port of this machine; else by standard input.")
    ] = None,
) -> None:
    """Serve an assistant by the Model Context Protocol: it reads the running service, and changes nothing."""
    try:
        # The library loads slowly, and is there only if the extra was installed.
        from adapters.exchange.assistants import ToolError, assistant_server
    except ModuleNotFoundError as error:
        if error.name != "mcp":
            raise
        raise Told("Assistants need one more package: pip install 'plantrail[assistants]'.") from None

    with running_service() as service:

        def ask(path: str, parameters: Mapping[str, str]) -> str:
            try:
                return service.request("GET", path, params=dict(parameters)).text
            except Told as refused:
                raise ToolError(str(refused)) from None

        server = assistant_server(ask, version("plantrail"))
        if port is None:
            server.run("stdio")
        else:
            server.run("streamable-http", host="127.0.0.1", port=port)
