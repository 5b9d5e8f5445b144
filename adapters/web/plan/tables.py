"""The tables of a plan's page as they stand on it, kept until a thing of their kind changes: most events change one."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.web.kept import Kept
from adapters.web.languages import Speech
from adapters.web.plan.presenter import Drawn, ThingTable
from adapters.web.templates import part
from application.views.cuts import Cut
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan


@dataclass(frozen=True, eq=False)
class Same:
    """Equal to what holds the very same object, which is kept alive so that no other takes its place."""

    held: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def drawn_anew(say: Speech) -> Drawn:
    """Draw every table."""
    return lambda _kind, _section, _values, table: part("plan/table.html", say, table=table())


def drawn_once(kept: Kept[str], known: LoadedPlan, cut: Cut, say: Speech) -> Drawn:
    """Draw the tables whose things are not those of the table that was drawn last, for this language and cut."""
    card, anew = the_plan(known.state), drawn_anew(say)
    same_for_all = known.erasures, cut.cut, card.account_id, card.currency, say.language, str(say.timezone)

    def drawn(kind: str, section: str, values: object, table: Callable[[], ThingTable]) -> str:
        made_of = Same(values), kind, section, *same_for_all
        return kept.of(known.id, made_of, lambda: anew(kind, section, values, table))

    return drawn
