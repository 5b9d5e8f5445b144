"""Groups of commands, and how their help lists them."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from typer.core import TyperGroup

from adapters.cli.examples import example_of

LONGEST_HELP = 1_000


class Group(TyperGroup):
    """A group of commands. Its help shows the whole first sentence of each command."""

    headings: ClassVar[Mapping[str, str]] = {}
    """For groups with many commands: headings, with the names of their commands in one line."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command and not command.epilog:
            path = ctx.command_path.split()[1:]
            command.epilog = example_of(" ".join((*path, cmd_name)))
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        helps = {name: command.get_short_help_str(LONGEST_HELP) for name, command in commands if command}
        for heading, names in (self.headings or {"Commands": " ".join(helps)}).items():
            with formatter.section(heading):
                formatter.write_dl([(name, helps[name]) for name in names.split()])


class GroupWithDefault(Group):
    """A group that runs its command `log` if none of its commands is named, because in earlier releases it had no
    others."""

    default = "log"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.is_meant_by(args):
            args = [self.default, *args]
        return list(super().parse_args(ctx, args))

    def is_meant_by(self, args: list[str]) -> bool:
        """Return whether the arguments after the name of the group are for the default command. A word that is nearly
        the name of another command is not, unless there is a file of that name."""
        if not args:
            return True
        if args[0] == "--help" or args[0] in self.commands:
            return False
        return not get_close_matches(args[0], self.commands, 1) or Path(args[0]).exists()
