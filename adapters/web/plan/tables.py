"""The tables of a plan's page as HTML. A table is kept until a thing of its kind changes, or of a kind that it names,
because most events change only one kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.web.kept import Kept
from adapters.web.languages import Speech
from adapters.web.plan.presenter import Drawn, ThingTable
from adapters.web.templates import macro
from application.views.cuts import Cut
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan


@dataclass(frozen=True, eq=False)
class Same:
    """A key that equals only keys of the very same object. It keeps the object alive, so that no other object gets its
    identity."""

    held: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def drawn_anew(say: Speech) -> Drawn:
    """Return a function that renders every table."""
    drawn = macro("plan/things.html", "thing_table")  # To render a template for each takes as long as to fill it.
    return lambda _kind, _section, _values, table: drawn(table(), say)


def drawn_once(kept: Kept[str], known: LoadedPlan, cut: Cut, say: Speech) -> Drawn:
    """Return a function that renders a table only if its things have changed since it was last rendered, for this
    language and cut."""
    card, anew = the_plan(known.state), drawn_anew(say)
    same_for_all = known.erasures, cut.cut, card.account_id, card.currency, say.language, str(say.timezone)

    def drawn(kind: str, section: str, values: Sequence[object], table: Callable[[], ThingTable]) -> str:
        made_of = tuple(map(Same, values)), kind, section, *same_for_all
        return kept.of(known.id, made_of, lambda: anew(kind, section, values, table))

    return drawn
