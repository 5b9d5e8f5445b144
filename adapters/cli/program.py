"""Commands on the program: overview, findings, rounds, library and history."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from adapters.bootstrap.committed_lists import committed_lists
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import findings_across_plans, open_store, the_program, utc_now
from adapters.cli.asking import AsJson, AsOf
from adapters.cli.doing import do_on_program
from adapters.cli.errors import Told
from adapters.cli.findings import MOST_REMEDIES_SHOWN, shown
from adapters.cli.groups import Group
from adapters.cli.lists import history_table
from adapters.cli.measures import told
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, heading, named, table, text
from adapters.cli.terminal import out, print_json
from adapters.postgres.store import Store
from adapters.rendering.words import counted, spaced
from application.findings.across import FindingsQuery
from application.findings.program import program_findings
from application.findings.program_examined import PlanStanding
from application.findings.standings import examined_at
from application.library.examples import NoSuchExample, example_view
from application.measures.query import MeasuresQuery
from application.measures.series import measures_view
from application.rounds.committed_lists import CommittedLists, EntryResult, EntryState
from application.rounds.ranking import as_of as plans_as_of
from application.rounds.ranking import nominees
from application.views.by_section import CutView
from application.views.current_program import CurrentProgram, LoadedProgram, current_program
from application.views.cuts import Cut, CutRefused, cut_at, known_at, plan_at, timezone_of
from application.views.history import Filter
from application.views.pages import history_page
from application.views.round_ranking import RankedAccount, ranking
from domain.account_plan.plan import PlanNotOpen
from domain.language import shortened
from domain.program.charter import PROGRAM_ID, ProgramNotOpen
from domain.program.examples import Example
from domain.program.library_plays import LibraryPlay
from domain.program.rounds import Round
from domain.program.templates import Template
from domain.things import NAMES

program = typer.Typer(
    cls=Group, help="The program: its list, what is wrong with it, its rounds, its library.", no_args_is_help=True
)

LOUDEST = 3
"""The number of findings across plans in the overview."""

STATES: Mapping[EntryState, str] = {"done": GOOD, "waiting": WARNING, "refused": ALARM, "to_open": QUIET}


def add_to(app: typer.Typer) -> None:
    program.add_typer(do_on_program, name="do")
    app.add_typer(program, name="program")


@dataclass(frozen=True)
class Practice:
    """The program, and the state of its plans."""

    known: LoadedProgram
    lists: CommittedLists
    now: datetime

    def cut(self, text: str) -> Cut:
        """Return the cut of the program that a caller names. Raises `CutRefused`."""
        return cut_at(text, self.known, self.now)


@contextmanager
def the_practice() -> Iterator[tuple[Store, Practice]]:
    """Yield the program. Raises `Told` if no program was opened, and what opening the store raises."""
    with open_store(Settings()) as store:
        yield store, practice_of(store)


def practice_of(store: Store) -> Practice:
    """Return the program. Raises `Told`, `StoreUnavailable`."""
    try:
        return Practice(the_program(store).read(PROGRAM_ID), committed_lists(store), utc_now())
    except ProgramNotOpen:
        raise Told("No program was opened yet. `plantrail program do open-program` opens it.") from None


@program.command()
def show(as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """Show the program: its list and its results, the most severe findings, net retention, and coverage by sponsors."""
    with the_practice() as (store, practice):
        if as_json:
            cut = cut_at(as_of, practice.known, practice.now)
            print_json(current_program(practice.known, cut))
            return
        if as_of != "now":
            raise typer.BadParameter("an earlier cut of the program is had with --json.", param_hint="--as-of")
        terminal = out()
        for part in page(store, practice):
            terminal.print(part)


@program.command()
def findings(as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """What is wrong with the program itself: its list, its phases, plans that are alike."""
    with the_practice() as (store, practice):
        cut = practice.cut(as_of)
        view = program_findings(
            examined_at(practice.known, cut, lambda: up_to_date(store), lambda: store.events.histories())
        )
    if as_json:
        print_json(view)
        return
    terminal = out()
    terminal.print(heading(counted(len(view.items), "finding"), f"of the program, as of {as_of}"))
    for each in view.items:
        for part in shown(each):
            terminal.print(part)


@program.command("round")
def show_round(
    id: Annotated[str, typer.Argument(metavar="ROUND", help="Its id.")], as_of: AsOf = "now", as_json: AsJson = False
) -> None:
    """Show a round: who was nominated, how they rank, what was thought of them, and what came of the list."""
    with the_practice() as (_, practice):
        cut = practice.cut(as_of)
        known, at = known_at(practice.known, cut), None if cut.still_moves else cut.at
        state = known.state
        round = state.find(Round, id)
        if round is None:
            there = ", ".join(state.all(Round)) or "none"
            raise Told(f"There is no round “{id}” in the program; there are: {there}.")
        ranked = ranking(state, round, nominees(state, id, plans_as_of(practice.lists.plans.read, at)))
        came_to = practice.lists.results(known, round, at)
    if as_json:
        of = {"program_id": known.id, "version": known.version, "as_of": CutView.of(cut)}
        print_json({**of, "round": round, "ranking": ranked, "results": came_to})
        return
    results, terminal = {each.account: each for each in came_to}, out()
    terminal.print(heading(round.title, f"{round.state}, due on {round.due_on}"))
    terminal.print(round_table(ranked, results))


@program.command("library")
def show_library(as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """Show the plays and templates of the library that plans may take: see `plantrail adopt` and `open --template`."""
    with the_practice() as (_, practice):
        state = plan_at(practice.known, practice.cut(as_of))
    if as_json:
        print_json({"plays": state.open(LibraryPlay), "templates": state.open(Template)})
        return
    terminal = out()
    plays = [
        (
            named(each.title, each.id),
            text(each.kind),
            text(counted(each.typical_days, "day")),
            text(counted(len(each.steps), "step")),
            text(each.success_measure),
        )
        for each in state.open(LibraryPlay)
    ]
    columns = ["***Play", "!Kind", "!Takes", "!Steps", "**Works when"]
    terminal.print(table("Plays", columns, plays) or Text("No play was published yet.", WARNING))
    templates = [
        (named(each.title, each.id), text(each.tier), text(counted(len(each.commands), "command")))
        for each in state.open(Template)
    ]
    terminal.print(
        table("Templates", ["***Template", "!Tier", "!Carries out"], templates)
        or Text("No template was published yet.", WARNING)
    )


@program.command("example")
def show_example(
    id: Annotated[str, typer.Argument(metavar="EXAMPLE", help="Its id.")], as_of: AsOf = "now", as_json: AsJson = False
) -> None:
    """Show a gold-standard plan of the library, without its account and anybody's words."""
    with the_practice() as (store, practice):
        known = known_at(practice.known, practice.cut(as_of))
        try:
            view = example_view(known, id, store.events.without_words)
        except (NoSuchExample, PlanNotOpen, CutRefused):
            there = ", ".join(each.id for each in known.state.open(Example)) or "none"
            raise Told(f"There is no example “{id}” in the library; there are: {there}.") from None
    if as_json:
        print_json(view)
        return
    terminal = out()
    terminal.print(heading(view.title, f"published on {view.published_on}"))
    for section, things in view.plan["sections"].items():
        rows = table(section.capitalize(), ["***What", "!Kind", "!State"], in_section(things))
        if rows:
            terminal.print(rows)


def in_section(things: Mapping[str, Any]) -> Iterator[tuple[Text, ...]]:
    """Yield what a section of an example shows, in words."""
    for kind, some in things.items():
        for each in some if isinstance(some, list) else ():
            words = next((each[name] for name in (*NAMES, "text") if isinstance(each.get(name), str)), "")
            yield named(shortened(words), each["id"]), text(spaced(kind)), text(spaced(each.get("state") or ""))


@program.command("history")
def show_history(
    as_of: AsOf = "now",
    section: Annotated[str | None, typer.Option(help="Only this section: charter, policy, rounds or library.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most this many entries.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what when on the program, what it changed, and why."""
    with the_practice() as (_, practice):
        known = practice.known
        view = history_page(known, Filter(section=section), practice.cut(as_of), 0, limit)
    if as_json:
        print_json(view)
    else:
        out().print(history_table(view, timezone_of(known)))


# The overview


def up_to_date(store: Store) -> Sequence[PlanStanding]:
    """Return every plan that is not archived, from tables that are updated first."""
    store.portfolio.catch_up(utc_now)
    table = findings_across_plans(store)
    table.catch_up()
    return table.standings()


def page(store: Store, practice: Practice) -> Iterator[RenderableType]:
    plans = up_to_date(store)
    view = current_program(practice.known, cut_at("now", practice.known, practice.now))
    yield head_of(view)
    yield committed_table(practice, plans)
    loudest = findings_across_plans(store).query(FindingsQuery.model_validate({"limit": LOUDEST})).items
    yield heading("The most severe findings", "plantrail findings")
    for each in loudest:
        yield Text.assemble((each.account_name, "bold"), (f"  {each.tier}, {each.owner}", QUIET))
        yield from shown(each, MOST_REMEDIES_SHOWN)
    yield heading("How the program stands")
    strategic = [plan for plan in plans if plan.tier == "strategic"]
    sponsored = sum(plan.signs.is_sponsored for plan in strategic)
    yield Text(f"Net retention: {net_retention(store, practice.now)}")
    yield Text(f"Sponsor coverage: {sponsored} of {counted(len(strategic), 'strategic account')} on both sides.")


def head_of(view: CurrentProgram) -> RenderableType:
    version = view.policy_in_force.version
    policy = f"policy {version}" if version else "the default policy"
    return heading(view.program.name, f"{view.program.owner or 'nobody'} answers for it; {policy} is in force")


def net_retention(store: Store, now: datetime) -> str:
    """Return the net retention of all plans in the last month that is over."""
    store.month_ends.catch_up(utc_now)
    [measure] = measures_view(MeasuresQuery.model_validate({"measure": ["net_retention"]}), store.month_ends, now).items
    last = measure.series[0].points[-1] if measure.series else None
    value = told(last.value, measure.unit) if last else None
    return f"{value} at the end of {last.month}." if last and value else "no account had recurring revenue a year ago."


def committed_table(practice: Practice, plans: Sequence[PlanStanding]) -> RenderableType:
    rounds = [round for round in practice.known.state.all(Round).values() if round.entries]
    if not rounds:
        return Text("No list was committed yet.", WARNING)
    last, names = rounds[-1], {name: plan.account_name for plan in plans for name in plan.names}
    rows = [
        (
            named(names[each.account], each.account) if each.account in names else text(each.account),
            text(each.tier),
            text(spaced(each.state), STATES[each.state]),
            text(each.why),
        )
        for each in practice.lists.results(practice.known, last)
    ]
    columns = ["***Account", "!Tier", "!Carried out", "***Why not"]
    return table(f"The list that was committed last: {last.title}", columns, rows) or Text(
        "The list is empty.", WARNING
    )


def round_table(ranked: Sequence[RankedAccount], results: Mapping[str, EntryResult]) -> RenderableType:
    rows = [
        (
            named(each.account_name, each.account),
            text(each.score),
            text(", ".join(f"{number} {stance}" for stance, number in each.stances.items())),
            text(each.listed.tier if each.listed else "withdrawn" if each.withdrawn else None),
            text(spaced(result.state) if (result := each.listed and results.get(each.listed.account)) else None),
        )
        for each in ranked
    ]
    columns = ["***Account", ">Score", "**Opinions", "!Listed as", "!Carried out"]
    return table("Nominated, the best first", columns, rows) or Text("Nobody was nominated.", WARNING)
