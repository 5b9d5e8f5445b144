"""The first page of the program: who owns it, which accounts are on its list, and its phases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import Fact, PlanHead, Value, at_cut, value_address
from application.views.current_program import ListedAccount, committed_list
from application.views.cuts import Cut, plan_at
from application.views.policy_in_force import policy_at
from domain.account_plan.plan import TIER_RANKS
from domain.program.charter import PHASES, ExchangeRates, ProgramPhase, the_program
from domain.program.language import ProgramState
from domain.program.nominations import Nomination

PATH = "/program"
PHASE_STATES = {"ahead": ("ahead", "○", "quiet"), "over": ("over", "●", "good"), "now": ("now", "◑", "")}
"""The word, sign and tone of each state."""


@dataclass(frozen=True)
class ListedRow:
    """An account on the list."""

    name: str
    address: str
    tier: Value
    reason: Value


@dataclass(frozen=True)
class PhaseRow:
    """A phase of introducing the practice."""

    name: str
    state: Value
    sign: str
    tone: str
    accounts: Value


@dataclass(frozen=True)
class Overview:
    head: PlanHead
    facts: Sequence[Fact]
    listed: Sequence[ListedRow]
    committed: Value
    """The round, the day and the author of the committed list; empty if there is none."""
    round_address: str
    phases: Sequence[PhaseRow]
    rates: Sequence[tuple[str, Value]]
    rates_since: str
    sees_all: bool


def overview(asked: AggregateRequest[ProgramState]) -> Overview:
    state, say = plan_at(asked.known, asked.cut), asked.say
    card, sees_all = the_program(state), asked.may("view-program")
    committed = committed_list(asked.known, asked.cut)
    in_force = policy_at(asked.known.records, asked.cut)
    names = {each.account: each.account_name for each in state.all(Nomination).values()}
    entries = sorted(committed.entries, key=lambda each: TIER_RANKS[each.tier]) if committed else []
    sizes = in_force.policy.list
    strategic = sum(each.tier == "strategic" for each in entries)
    too_many = strategic > sizes.warn
    set_by = partial(value_address, PATH, asked.cut)
    month = say("the fiscal year starts in {month}", month=say.month(card.fiscal_year_starts))
    rates = [each for each in state.all(ExchangeRates).values() if each.as_of_on <= asked.cut.date]
    latest = max(rates, key=lambda each: each.as_of_on, default=None)
    return Overview(
        head=asked.head,
        facts=[
            Fact(say("Owner"), card.owner or "–", address=set_by("program", card.id, "owner") if card.owner else ""),
            Fact(
                say("Reports in"),
                card.currency,
                month,
                address=set_by("program", card.id, "currency"),
                note_address=set_by("program", card.id, "fiscal_year_starts"),
            ),
            Fact(
                say("Policy"),
                say("version {number}", number=in_force.version),
                address=set_by("policy", str(in_force.version), "effective_on") if in_force.version else "",
            ),
            Fact(
                say("Strategic accounts"),
                say.number(strategic),
                say("the list aims at {target}", target=sizes.target),
                "warning" if too_many else "",
            ),
        ],
        listed=[listed_row(each, names, say, set_by("round", committed.round, "entries")) for each in entries]
        if committed
        else [],
        committed=Value(
            say(
                "Committed on {day} in the round {round} by {people}",
                day=say.day(committed.committed_on),
                round=committed.round,
                people=", ".join(committed.decided_by),
            ),
            set_by("round", committed.round, "decided_by"),
        )
        if committed
        else Value("", ""),
        round_address=at_cut(f"/program/rounds/{committed.round}", asked.cut) if committed and sees_all else "",
        phases=phases(state, names, asked.cut, say) if sees_all else [],
        rates=[
            (name, Value(say.number(rate), set_by(latest.noun, latest.id, "rates")))
            for name, rate in latest.rates.items()
        ]
        if latest and sees_all
        else [],
        rates_since=say.day(latest.as_of_on) if latest else "",
        sees_all=sees_all,
    )  # fmt: skip


def listed_row(entry: ListedAccount, names: Mapping[str, str], say: Speech, set_by: str) -> ListedRow:
    name, tier = names.get(entry.account, entry.account), say(spaced(entry.tier))
    return ListedRow(name, f"/plans/{entry.account}", Value(tier, set_by), Value(entry.reason or "", set_by))


def phases(program: ProgramState, names: Mapping[str, str], cut: Cut, say: Speech) -> list[PhaseRow]:
    begun = program.all(ProgramPhase)
    rows = []
    for name in PHASES:
        phase = begun.get(name)
        word, sign, tone = PHASE_STATES["ahead" if phase is None else "over" if phase.completed else "now"]
        said = partial(value_address, PATH, cut, phase.noun, phase.id) if phase else None
        accounts = Value(
            ", ".join(names.get(each, each) for each in phase.accounts) if phase else "",
            said("accounts") if said else "",
        )
        state = Value(say(word), said("completed") if said else "")
        rows.append(PhaseRow(say(spaced(name)), state, sign, tone, accounts))
    return rows
