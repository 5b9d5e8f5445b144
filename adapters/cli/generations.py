"""Commands for the generations of the key-encryption key."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store
from adapters.cli.asking import AsJson
from adapters.cli.groups import Group
from adapters.cli.tables import GOOD, QUIET, WARNING, table, text
from adapters.cli.terminal import out, print_json, says_in_json, tell
from adapters.postgres.key_generations import Generation
from adapters.rendering.words import counted

keys = typer.Typer(
    cls=Group, help="API keys of callers, and the generations of the key-encryption key.", no_args_is_help=True
)


@keys.command()
def generations(as_json: AsJson = False) -> None:
    """List the generations of the key-encryption key, and how much is wrapped with each."""
    with open_store(Settings()) as store:
        rows = store.generations.all()
    if as_json:
        print_json({"items": rows})
        return
    columns = [">Generation", "!Begun", "State", ">Wraps"]
    out().print(
        table("Key-encryption keys", columns, [row_of(each) for each in rows]) or text("Nothing is wrapped yet.")
    )


def row_of(generation: Generation) -> Sequence[Text]:
    if generation.destroyed_at:
        state = text(f"destroyed {generation.destroyed_at:%Y-%m-%d %H:%M}", QUIET)
    elif generation.current:
        state = text("current", GOOD)
    else:
        state = text("to be rotated" if generation.wraps else "to be destroyed", WARNING)
    return text(generation.generation), text(f"{generation.begun_at:%Y-%m-%d %H:%M}"), state, text(generation.wraps)


@keys.command()
@says_in_json
def rotate() -> None:
    """Begin a new generation and wrap everything with it, while the service runs.

    If it is interrupted, run it again: it continues where it stopped.
    """
    with open_store(Settings()) as store:
        current = store.generations.begin()
        done = store.generations.rewrap()
        before = [each.generation for each in store.generations.all() if not (each.current or each.destroyed_at)]
    tell(f"{counted(done, 'key')} wrapped anew. Generation {current} wraps everything now.")
    if before:
        tell(
            f"Back up the keys now. Then `plantrail keys destroy-generation {before[0]}` makes every copy unreadable"
            " that was made before."
        )


@keys.command("destroy-generation")
@says_in_json
def destroy_generation(
    generation: Annotated[
        int,
        typer.Argument(metavar="GENERATION", min=1, help="The generation, as `plantrail keys generations` lists it."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Destroy an old key-encryption key: whatever was wrapped with it can never be read again, wherever a copy is.

    Keys in backups and write-ahead logs that are wrapped with it are lost, also of people who were not forgotten: back
    up the keys first.
    """
    if not yes:
        typer.confirm(
            f"People's keys in backups made under generation {generation} can never be read again. Go on?", abort=True
        )
    with open_store(Settings()) as store:
        store.generations.destroy(generation)
    tell(f"Generation {generation} is destroyed here. Destroy every other copy of it, on other hosts and in backups.")
