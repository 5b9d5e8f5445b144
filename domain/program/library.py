"""What the topics of the library have in common: library plays, templates, agendas and examples."""

from typing import Any, ClassVar

from domain.language import Event, said
from domain.program.language import OnProgram, ProgramSection
from domain.things import Thing


class LibraryEvent(Event):
    """About something in the library."""

    home: ClassVar[ProgramSection] = "library"


class LibraryCommand(OnProgram):
    home: ClassVar[ProgramSection] = "library"


class LibraryThing(Thing):
    """Something in the library, until it is retired."""

    home: ClassVar[ProgramSection] = "library"

    retired: bool = False

    @property
    def ending(self) -> str | None:
        return "was retired" if self.retired else None


def in_plain_values(command: LibraryCommand, only: set[str] | None = None) -> dict[str, Any]:
    """Return `said` with the items of lists as plain values, from which the event builds its own."""
    return command.model_dump(include=only or set(said(command)), exclude_unset=True, exclude_none=only is None)
