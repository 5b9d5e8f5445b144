"""Commands about contacts: who was met when, and what would remain if somebody left."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from adapters.cli.asking import AsJson, AsOf, PlanName, find
from adapters.cli.errors import Told
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, heading, lines, named, pairs, table, text
from adapters.cli.terminal import out, print_json
from adapters.rendering.words import amount, counted, in_words
from application.views.contact_clock import ContactClock, PairingClock
from application.views.current_plan import current_plan
from application.views.departure import DepartureView, HangsOn, departure_of_member, departure_of_stakeholder
from domain.account_plan.plan import the_plan
from domain.account_plan.standing import STRENGTHS

ONE_OF_THEM = "Say who would go: --stakeholder ID for one of the customer's people, --member ID for one of ours."


def add_to(plan: typer.Typer) -> None:
    plan.command("contacts")(show_contacts)
    plan.command("departure")(show_departure)


def show_contacts(plan: PlanName, as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """Show when everybody at the customer's was last met, and who is to meet them next."""
    asked = find(plan)
    clocks = current_plan(asked.known, asked.cut(as_of), asked.program).contact_clock
    if as_json:
        print_json(clocks)
        return
    terminal = out()
    terminal.print(contacts_table(clocks) or Text("Nobody at the customer's is known.", WARNING))
    for warning in dict.fromkeys(warning for each in clocks for warning in each.warnings):
        terminal.print(Text(f"! {warning}", WARNING))


def contacts_table(clocks: Sequence[ContactClock]) -> RenderableType | None:
    longest_first = sorted(clocks, key=lambda each: -(each.days_since if each.days_since is not None else 10**6))
    columns = ["*Who", "!Last met", "Next", "!Details due", "Keeps up"]
    return table("Contacts, the longest ago first", columns, [clock_row(each) for each in longest_first])


def clock_row(clock: ContactClock) -> Sequence[Text]:
    last, coming = clock.last, clock.next
    met = f"{counted(clock.days_since or 0, 'day')} ago, {', '.join(last.members)}" if last else "never met"
    late = ALARM if clock.verification_overdue else ""
    return (
        lines(named(clock.name or "to be filled", clock.stakeholder), text(known(clock), QUIET)),
        lines(text(last.happened_on if last else None), text(met, QUIET if last else WARNING)),
        lines(text(coming.on, ALARM if coming.overdue else ""), named(coming.what, coming.id))
        if coming
        else text(None),
        text(clock.verification_due_on, late),
        lines(*map(pairing, clock.pairings)) if clock.pairings else text(None),
    )


def known(clock: ContactClock) -> str:
    """Return how well somebody on the team knows a stakeholder, and how well former members do."""
    now = "known to nobody on the team" if clock.strength is None else STRENGTHS[clock.strength]
    former = clock.former_strength
    return f"{now}; {STRENGTHS[former]} with one who left it" if former else now


def pairing(clock: PairingClock) -> Text:
    gone = "" if clock.on_the_team else ", no longer on the team"
    told = f"{clock.member} every {clock.every_days} d{gone}"
    if clock.days_overdue:
        return text(f"{told}: {counted(clock.days_overdue, 'day')} overdue", ALARM)
    return text(f"{told}: by {clock.due_on}", WARNING if gone else "")


def show_departure(
    plan: PlanName,
    stakeholder: Annotated[str | None, typer.Option(metavar="ID", help="One of the customer's people.")] = None,
    member: Annotated[str | None, typer.Option(metavar="ID", help="One of ours.")] = None,
    as_of: AsOf = "now",
    as_json: AsJson = False,
) -> None:
    """Show what would remain if somebody left: who is engaged, and what depends on them."""
    if (stakeholder is None) == (member is None):
        raise Told(ONE_OF_THEM)
    asked = find(plan)
    cut = asked.cut(as_of)
    if stakeholder is not None:
        view = departure_of_stakeholder(asked.known, cut, stakeholder, asked.program)
    else:
        view = departure_of_member(asked.known, cut, member or "")
    if as_json:
        print_json(view)
        return
    terminal = out()
    for part in departure(view, the_plan(asked.known.state).currency):
        terminal.print(part)


def departure(view: DepartureView, currency: str) -> Iterator[RenderableType]:
    engaged = view.engaged
    yield heading(f"If {view.name or view.stakeholder or view.member} went", f"at {view.as_of.cut}, {view.as_of.date}")
    rows = [
        ("Engaged", text(f"{len(engaged.now)} now, {len(engaged.left)} then", ALARM if view.single_threaded else GOOD)),
        ("Lost", text(", ".join(engaged.lost), ALARM)),
        ("Roles left open", text(in_words(view.roles_left_open, "roles"), WARNING)),
        ("Units without anybody", text(", ".join(view.uncovered_units), WARNING)),
    ]
    yield pairs(rows)
    parts = {
        "Promises": view.promises,
        "Who keeps up with whom": view.pairings,
        "Opportunities": view.opportunities,
        "Whitespace": view.whitespace,
        "What else hangs on them": view.others,
    }
    for title, things in parts.items():
        shown = table(title, ["*What", "!Due", ">Amount", "Why"], [hanging(each, currency) for each in things])
        if shown:
            yield shown


def hanging(thing: HangsOn, currency: str) -> Sequence[Text]:
    return (
        named(thing.title or thing.kind, thing.id),
        text(thing.due_on),
        text(amount(thing.amount, currency) if thing.amount is not None else None),
        text(thing.because),
    )
