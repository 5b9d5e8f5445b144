"""All packs, by name. Each is one document, from which all its forms are made."""

from collections.abc import Callable, Mapping, Sequence

from application.findings.examined import Examined
from application.packs.annual import annual
from application.packs.canvas import canvas
from application.packs.customer import as_customers_see_it
from application.packs.pack import Pack, PackKind
from application.packs.qbr import qbr, qbr_for_customers
from application.packs.readout import readout
from application.packs.weekly import weekly
from application.views.cuts import Cut, known_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.reviews import Audience
from domain.program.agendas import Agenda, AgendaPublished, AgendaRetired
from domain.record import Recorded

Records = Sequence[Recorded]

PACKS: Mapping[PackKind, Callable[[Examined, Records], Pack]] = {
    "canvas": lambda at, _: canvas(at),
    "weekly": lambda at, _: weekly(at),
    "readout": lambda at, _: readout(at),
    "qbr": lambda at, program: qbr(at, agenda_in_force(program, at.cut)),
    "annual": annual,
}
"""The internal packs, each made from a plan at a cut and the records of the program."""

FOR_CUSTOMERS: Mapping[str, Callable[[Examined, Records], Pack]] = {
    "qbr": lambda at, program: qbr_for_customers(as_customers_see_it(at), agenda_in_force(program, at.cut)),
}
"""The packs that customers may receive. The others show our internal assessments."""


class PackIsInternal(Exception):
    """Why a pack is not available to customers."""

    def __init__(self, kind: PackKind) -> None:
        super().__init__(f"The {kind} pack is for ourselves alone; for customers there is {', '.join(FOR_CUSTOMERS)}.")


def pack(kind: PackKind, known: LoadedPlan, cut: Cut, program: Records = (), audience: Audience = "internal") -> Pack:
    """Return a pack of a plan at a cut.  Raises `PackIsInternal`, `CutBeforePlan`."""
    check_audience(kind, audience)
    make = PACKS[kind] if audience == "internal" else FOR_CUSTOMERS[kind]
    return make(Examined(known_at(known, cut), cut, policy_at(program, cut)), program)


def check_audience(kind: PackKind, audience: Audience) -> None:
    """Raise `PackIsInternal` if a pack is not available to customers."""
    if audience == "customer" and kind not in FOR_CUSTOMERS:
        raise PackIsInternal(kind)


def agenda_in_force(program: Records, cut: Cut) -> Agenda | None:
    """Return the program's agenda for QBRs at a cut."""
    published = agenda_on_record(program, cut)
    event = published.event if published else None
    return Agenda(id=event.kind, **event.model_dump()) if isinstance(event, AgendaPublished) else None


def agenda_on_record(program: Records, cut: Cut) -> Recorded | None:
    """Return the last event about the program's agenda for QBRs by a cut."""
    for record in reversed(program):
        about = isinstance(record.event, AgendaPublished | AgendaRetired) and record.event.kind == "qbr"
        if about and record.meta.recorded_at <= cut.at:
            return record
    return None
