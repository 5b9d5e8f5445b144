"""The commands that go on until they are ended: the service, and the worker by itself."""

import errno
import socket
from typing import Annotated

import typer

from adapters.bootstrap.settings import Settings
from adapters.cli.errors import Told

Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to serve on.")]


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(work)


def serve(
    host: Annotated[
        str, typer.Option(help="The address to serve on; others than this machine's need keys.")
    ] = "127.0.0.1",
    port: Port = 8080,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Push nothing to webhooks; `plantrail work` does, wherever it runs.")
    ] = False,
) -> None:
    """Serve the plans over HTTP until Ctrl-C."""
    check_free(host, port)
    # The web framework takes a while to load: nobody waits for it who does not serve.
    from adapters.bootstrap.http_service import serve as serve_http
    from adapters.web.app import pages

    serve_http(Settings(), host, port, with_worker=not no_worker, pages=pages)


def work() -> None:
    """Push events to webhooks until Ctrl-C.  Any number may do so, here and on other machines: they share the work."""
    # Only who pushes loads the worker.
    from adapters.bootstrap.webhook_worker import work as push_to_webhooks

    push_to_webhooks(Settings())


def check_free(host: str, port: int) -> None:
    """Raises `Told` where nobody can serve, before anything else is begun."""
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
        # As the server will do: a connection that has just ended does not block the port.
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
