"""Commands that run until they are stopped: the service, and the worker alone."""

import errno
import socket
from typing import Annotated

import typer

from adapters.bootstrap.garbage_collection import without_garbage_collection
from adapters.bootstrap.settings import Settings
from adapters.cli.errors import Told

Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to serve on.")]


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(work)


def serve(
    host: Annotated[
        str, typer.Option(help="The address to serve on; keys are required for any but this machine's.")
    ] = "127.0.0.1",
    port: Port = 8080,
    no_worker: Annotated[
        bool,
        typer.Option("--no-worker", help="Push nothing to webhooks; leave that to `plantrail work`, wherever it runs."),
    ] = False,
) -> None:
    """Serve the plans over HTTP until Ctrl-C."""
    check_free(host, port)
    # The web framework loads slowly, so it is loaded only here.
    with without_garbage_collection():
        from adapters.bootstrap.http_service import serve as serve_http
        from adapters.web.app import pages

    serve_http(Settings(), host, port, with_worker=not no_worker, pages=pages)


def work() -> None:
    """Follow the log, sign checkpoints and push events to webhooks until Ctrl-C. Any number may share the work."""
    # The worker loads slowly, so it is loaded only here.
    from adapters.bootstrap.background import work as work_in_background

    work_in_background(Settings())


def check_free(host: str, port: int) -> None:
    """Check that the address is free before anything is started. Raises `Told`."""
    try:
        bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Told(f"Port {port} of {host} is taken by another program.{free_port(host, port)}") from None
        if error.errno == errno.EACCES:
            raise Told(f"Port {port} is not for everybody. Choose one from 1024 on, such as --port 8080.") from None
        raise Told(f"Nobody can serve on {host}: {error.strerror or error}. Name an address of this machine.") from None


def bind(host: str, port: int) -> None:
    (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # The server does the same, so that a connection that has just ended does not block the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(address)


def free_port(host: str, taken: int) -> str:
    for port in range(taken + 1, min(taken + 20, 65536)):
        try:
            bind(host, port)
        except OSError:
            continue
        return f" {port} is free: --port {port}, or with make: PORT={port}."
    return " Choose another: --port."
