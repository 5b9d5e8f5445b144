"""Rounds: the nominated accounts with their scores and opinions, and the list that was committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlencode

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import EMPTY, NEVER_SAID, Fact, PlanHead, Value, at_cut, value_address
from adapters.web.program.overview import PATH
from application.rounds.committed_lists import EntryResult, EntryState
from application.views.cuts import Cut, plan_at
from application.views.round_ranking import OpinionView, RankedAccount
from domain.program.language import ProgramState
from domain.program.nominations import Nomination, Opinion, Stance, nomination_id, opinion_id
from domain.program.rounds import Round

STANCE_SIGNS: Mapping[Stance, str] = {"for": "+", "against": "−", "abstain": "○"}
RESULT_STATES: Mapping[EntryState, tuple[str, str, str]] = {
    "done": ("done", "●", "good"),
    "refused": ("refused", "×", "bad"),
    "waiting": ("carried out in a moment", "◑", ""),
    "to_open": ("to open", "○", "warning"),
}
"""The word, sign and tone for the result of an entry."""
TONES: Mapping[Stance, str] = {"for": "good", "against": "bad", "abstain": "quiet"}


@dataclass(frozen=True)
class RoundRow:
    title: str
    address: str
    state: Value
    due_on: Value
    nominated: str
    listed: Value


@dataclass(frozen=True)
class RoundsView:
    head: PlanHead
    rounds: Sequence[RoundRow]
    open: str


@dataclass(frozen=True)
class OpinionRow:
    sign: str
    stance: Value
    tone: str
    who: Value
    note: Value


@dataclass(frozen=True)
class AccountRow:
    place: str
    name: str
    address: str
    why: Value
    marks: Sequence[Value]
    score: str
    opinions: Sequence[OpinionRow]
    listed: Value
    reason: Value
    is_withdrawn: bool
    say_more: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ResultRow:
    """The result of an entry of a committed list."""

    name: str
    address: str
    tier: Value
    state: str
    sign: str
    tone: str
    why: str
    event: str
    """The address of the event that carried it out."""
    open_plan: str
    """The form that opens a plan for an account that has none."""


@dataclass(frozen=True)
class RoundPage:
    head: PlanHead
    title: Value
    facts: Sequence[Fact]
    criteria: Sequence[str]
    accounts: Sequence[AccountRow]
    results: Sequence[ResultRow]
    """The current results of the list that was committed."""
    forms: Sequence[tuple[str, str]]
    history: str


def rounds_view(asked: AggregateRequest[ProgramState]) -> RoundsView:
    """Return the rounds, the latest first."""
    state, say = plan_at(asked.known, asked.cut), asked.say
    nominated = [each for each in state.all(Nomination).values() if not each.withdrawn]
    rows = [
        RoundRow(
            each.title,
            at_cut(f"/program/rounds/{each.id}", asked.cut),
            _set(asked.cut, each, "state", say(spaced(each.state))),
            _set(asked.cut, each, "due_on", say.day(each.due_on)),
            say.number(sum(nomination.round == each.id for nomination in nominated)),
            _set(asked.cut, each, "entries", say.number(len(each.entries))),
        )
        for each in state.all(Round).values()
    ]
    may_open = asked.may("program") and asked.cut.cut == "now"
    return RoundsView(asked.head, rows[::-1], "/program/do/open-round" if may_open else "")


def round_page(
    asked: AggregateRequest[ProgramState],
    round: Round,
    ranked: Sequence[RankedAccount],
    results: Sequence[EntryResult],
    may_change: bool,
) -> RoundPage:
    say, cut = asked.say, asked.cut
    set_by = partial(value_address, PATH, cut, round.noun, round.id)
    # The list may call an account otherwise than where it was nominated.
    names = {each.listed.account if each.listed else each.account: each.account_name for each in ranked}
    weighed = {name: weight for name, weight in round.criteria_weights.items() if weight}
    places = ", ".join(f"{say(spaced(tier))} {most}" for tier, most in round.tiers.items())
    return RoundPage(
        head=asked.head,
        title=_set(cut, round, "title", round.title),
        facts=[
            Fact(say("Round"), say(spaced(round.state)), address=set_by("state")),
            Fact(say("Due"), say.day(round.due_on), say.how_far(round.due_on, cut.date), address=set_by("due_on")),
            Fact(say("Nominated"), say.number(sum(not each.withdrawn for each in ranked))),
            Fact(say("Listed"), say.number(len(round.entries)), ", ".join(round.decided_by), address=set_by("entries")),
            Fact(say("Places"), places or say("not limited"), address=set_by("tiers")),
        ],
        criteria=[f"{say(spaced(name))} × {weight}" for name, weight in weighed.items()],
        accounts=[
            _account(place, each, list(weighed), round, cut, say, may_change) for place, each in enumerate(ranked, 1)
        ],
        results=[_result(each, names, set_by("entries"), asked) for each in results],
        forms=_forms(round, ranked, say) if may_change else [],
        history=at_cut("/program/history", asked.cut, entity=f"round:{round.id}"),
    )


def _account(
    place: int, each: RankedAccount, criteria: Sequence[str], round: Round, cut: Cut, say: Speech, may_change: bool
) -> AccountRow:
    listed, entries = each.listed, value_address(PATH, cut, round.noun, round.id, "entries")
    nominated = nomination_id(round.id, each.account)
    marks = f"/plans/{quote(each.account, safe='')}/values/plan/plan/scores"
    about = urlencode({"round": round.id, "account": each.account})
    forms = [(f"/program/do/give-opinion?{about}", say("Give an opinion"))]
    forms.append((f"/program/do/withdraw-nomination?{about}", say("Withdraw")))
    return AccountRow(
        place="–" if each.withdrawn or each.score is None else say.number(place),
        name=each.account_name,
        address=f"/plans/{each.account}",
        why=Value(each.why, value_address(PATH, cut, Nomination.noun, nominated, "why")),
        marks=[_mark(getattr(each.criteria, name, None), marks) for name in criteria],
        score=say.number(each.score) if each.score is not None else say("not scored"),
        opinions=[_opinion(opinion, round, each.account, cut, say) for opinion in each.opinions],
        listed=Value(say(spaced(listed.tier)), entries) if listed else NEVER_SAID,
        reason=Value(listed.reason or "" if listed else "", entries),
        is_withdrawn=each.withdrawn,
        say_more=forms if may_change and not each.withdrawn else [],
    )


def _result(
    result: EntryResult, names: Mapping[str, str], entries: str, asked: AggregateRequest[ProgramState]
) -> ResultRow:
    say, name = asked.say, names.get(result.account, result.account)
    word, sign, tone = RESULT_STATES[result.state]
    about = urlencode({"account_id": result.account, "account_name": name, "tier": result.tier})
    return ResultRow(
        name=name,
        address="" if result.state == "to_open" else f"/plans/{quote(result.account, safe='')}",
        tier=Value(say(spaced(result.tier)), entries),
        state=say(word),
        sign=sign,
        tone=tone,
        why=result.why or "",
        event=f"/events/{result.event}" if result.event else "",
        open_plan=f"/open-plan?{about}" if result.state == "to_open" and asked.may("command") else "",
    )


def _mark(mark: int | None, set_by: str) -> Value:
    return NEVER_SAID if mark is None else Value(str(mark), set_by)


def _set(cut: Cut, round: Round, field: str, text: str) -> Value:
    address = value_address(PATH, cut, round.noun, round.id, field)
    return Value(text, address if getattr(round, field) not in EMPTY else "")


def _opinion(opinion: OpinionView, round: Round, account: str, cut: Cut, say: Speech) -> OpinionRow:
    id = opinion_id(round.id, account, opinion.member)
    set_by = partial(value_address, PATH, cut, Opinion.noun, id)
    who = f"{opinion.member}, {say(spaced(opinion.function))}"
    tier = say("as {tier}", tier=say(spaced(opinion.tier))) if opinion.tier else ""
    return OpinionRow(
        STANCE_SIGNS[opinion.stance],
        Value(say(opinion.stance), set_by("stance")),
        TONES[opinion.stance],
        Value(who, set_by("function")),
        Value(": ".join(filter(None, (tier, opinion.note))), set_by("note" if opinion.note else "tier")),
    )


def _forms(round: Round, ranked: Sequence[RankedAccount], say: Speech) -> list[tuple[str, str]]:
    """Return the forms. That of the list is filled in with the accounts in the order of the ranking."""
    about = {"round": round.id}
    entries = {
        f"entries-{place}-account": each.account
        for place, each in enumerate(each for each in ranked if not each.withdrawn)
    }
    return [
        (f"/program/do/nominate?{urlencode(about)}", say("Nominate")),
        (f"/program/do/commit-list?{urlencode(about | entries)}", say("Commit the list")),
        (f"/program/do/close-round?{urlencode({'id': round.id})}", say("Close the round")),
        (f"/program/do/abandon-round?{urlencode({'id': round.id})}", say("Abandon the round")),
    ]
