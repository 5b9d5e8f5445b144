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


class GroupWithDefault(Group):
    """A group whose command `log` is meant where none of its commands is named: so it was called before there were
    others."""

    default = "log"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.is_meant_by(args):
            args = [self.default, *args]
        return list(super().parse_args(ctx, args))

    def is_meant_by(self, args: list[str]) -> bool:
        """Return whether the default is meant by what follows the name of the group."""
        return not args or (args[0] not in self.commands and args[0] != "--help")
