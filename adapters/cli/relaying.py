"""Commands that publish events to a broker."""

from typing import Annotated

import typer

from adapters.bootstrap.settings import Settings
from adapters.cli.errors import Told
from adapters.cli.groups import Group
from adapters.outbound.nats_stream import Target

relay = typer.Typer(cls=Group, help="Publish every event to a broker, in order, until Ctrl-C.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(relay, name="relay")


@relay.callback()
def choose() -> None:
    pass


@relay.command()
def nats(
    url: Annotated[
        str | None, typer.Option(help="nats:// or tls://, several with commas between; default: PLANTRAIL_NATS_URL.")
    ] = None,
    stream: Annotated[str, typer.Option(help="The stream; it is created if there is none.")] = "plans",
    name: Annotated[
        str, typer.Option(help="Of several relays with one name, one works and the others stand by.")
    ] = "nats",
    replicas: Annotated[int, typer.Option(min=1, max=5, help="Copies of the stream, if it is created.")] = 1,
) -> None:
    """Publish every event to NATS JetStream, as plans.PLAN.EVENT, until Ctrl-C."""
    settings = Settings()
    given = url or (settings.nats_url.get_secret_value() if settings.nats_url else None)
    if not given:
        raise Told("Say where the broker is: --url nats://127.0.0.1:4222, or PLANTRAIL_NATS_URL.")
    # The broker's client loads slowly, so it is loaded only here.
    from adapters.bootstrap.nats_relay import relay_to_nats

    relay_to_nats(settings, Target(given, stream, name, replicas))
