"""Groups of commands, and how their help lists them."""

from typing import Any

from typer.core import TyperGroup

LONGEST_HELP = 1_000


class Group(TyperGroup):
    """A group of commands. Its help tells the first sentence of each command, to its end."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(LONGEST_HELP)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
