"""Topic: rounds, in which the list of strategic accounts is chosen and committed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, assert_never, get_args

from pydantic import Field

from domain.account_plan.plan import Criteria, Tier
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    AccountId,
    Caution,
    Decision,
    DueDay,
    Event,
    Many,
    OptionalText,
    Person,
    PersonId,
    Refusal,
    Slug,
    Terms,
    Text,
    said,
)
from domain.program.language import OnProgram, ProgramSection, ProgramState
from domain.refusals import Over, Unknown
from domain.things import Draft, Thing

Criterion = Literal[
    "top_arr",
    "addressable_spend",
    "whitespace",
    "logo",
    "reference",
    "industry_leadership",
    "innovation",
    "sponsor",
    "champion",
    "multi_team",
    "trajectory",
    "competitor_targeting",
    "consolidation",
    "renewal_concentration",
]
"""The criteria by which an account is scored: the fields of `Criteria`."""

RoundState = Literal["open", "closed", "abandoned"]

Weight = Annotated[int, Field(ge=0, le=10)]
MOST_ACCOUNTS = 10_000


class RoundTerms(Terms):
    id: str
    title: str
    due_on: date
    criteria_weights: dict[Criterion, int] = Field(default_factory=dict)
    """How much each criterion counts, from 0 to 10; one that is left out does not count."""
    tiers: dict[Tier, int] = Field(default_factory=dict)
    """How many accounts each tier may have at most; a tier that is left out is not limited."""


class ListEntry(Terms):
    """One account of a committed list, and the tier it is to have."""

    account: str
    tier: Tier
    reason: str | None = None


# Events


class RoundEvent(Event):
    """About one round."""

    noun: ClassVar[str] = "round"
    home: ClassVar[ProgramSection] = "rounds"


class RoundOpened(RoundEvent, RoundTerms):
    """The list of strategic accounts is to be chosen anew, by a day."""


class ListCommitted(RoundEvent):
    """The company decided which accounts have which tier."""

    round: str
    entries: tuple[ListEntry, ...]
    decided_by: tuple[Person, ...]

    def subject(self) -> str:
        return self.round


class RoundClosed(RoundEvent):
    """A round is over: its list was committed, or it says why none was."""

    id: str


class RoundAbandoned(RoundEvent):
    """A round was given up."""

    id: str


RoundEvents = RoundOpened | ListCommitted | RoundClosed | RoundAbandoned


# Commands


class RoundCommand(OnProgram):
    noun: ClassVar[str] = "round"
    home: ClassVar[ProgramSection] = "rounds"


class OpenRound(RoundCommand):
    """Choose the list anew: say by when, what counts how much, and how many accounts a tier may have."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Text
    due_on: DueDay
    criteria_weights: dict[Criterion, Weight] = Field(default_factory=dict)
    tiers: dict[Tier, Annotated[int, Field(ge=0, le=MOST_ACCOUNTS)]] = Field(default_factory=dict)


class CommittedEntry(ListEntry, strict=True):
    account: AccountId
    reason: OptionalText = None


class CommitList(RoundCommand):
    """Decide which accounts have which tier.  An entry that goes against the ranking says why."""

    needs: ClassVar[Any] = "nothing"

    round: Slug
    entries: Annotated[tuple[CommittedEntry, ...], Field(min_length=1, max_length=MOST_ACCOUNTS)]
    decided_by: Annotated[Many[PersonId], Field(min_length=1)]

    def subject(self) -> str | None:
        return self.round


class CloseRound(RoundCommand):
    """End a round.  Where no list was committed in it, say why."""

    id: Slug


class AbandonRound(RoundCommand):
    """Give a round up.  Where no list was committed in it, say why."""

    id: Slug


RoundCommands = OpenRound | CommitList | CloseRound | AbandonRound


# Refusals


class ListedTwice(Refusal):
    """{account} stands on the list twice; name each account once."""


class TooManyInTier(Refusal):
    """The list has {listed} {tier} accounts and the round “{round}” allows {most}."""


class ReasonMissingAgainstRanking(Refusal):
    """{account} is listed although {better} ranks higher and is not; say why as the reason of the entry."""


class ListedPlanArchived(Refusal):
    """The plan of {account} is archived; reopen it or leave the account off the list."""


class ListedPlanMerged(Refusal):
    """The plan of {account} was merged into that of {into}; list {into} instead."""


class NothingCommitted(Refusal):
    """No list was committed in the round “{id}”; say why it ends all the same."""


# State and rules


ENDINGS: Mapping[RoundState, str | None] = {"open": None, "closed": "was closed", "abandoned": "was abandoned"}
"""The ending that each state of a round means, for a sentence."""


class Round(RoundTerms, Thing):
    """A round of choosing the list."""

    noun: ClassVar[str] = "round"
    home: ClassVar[ProgramSection] = "rounds"

    state: RoundState = "open"
    entries: tuple[ListEntry, ...] = ()
    decided_by: tuple[Person, ...] = ()

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


RANKS_NOBODY = Caution(
    "ranks-nobody",
    "/criteria_weights",
    "No criterion counts, so every account scores 0 and nobody ranks before anybody: give one at least a weight.",
)
"""The caution where all weights of a round are 0."""


def ranks_nobody(weights: Mapping[Criterion, int]) -> tuple[Caution, ...]:
    """Return a caution if a round gives weights to criteria and all of them are 0."""
    return (RANKS_NOBODY,) if weights and not any(weights.values()) else ()


def open_round(state: ProgramState, id: str) -> Round:
    """Return the round that a command is about. Raises `Unknown`, or `Over` if it has ended."""
    found = state.find(Round, id)
    if found is None:
        raise Unknown("/round", kind="round", id=id, aggregate=state.noun)
    if found.ending:
        raise Over("/round", kind="round", id=id, ending=found.ending)
    return found


def weighted_score(criteria: Criteria | None, weights: Mapping[Criterion, int]) -> int:
    """Return the weighted score of an account in a round. Criteria that were not scored count as 0."""
    if criteria is None:
        return 0
    return sum(weight * (getattr(criteria, criterion) or 0) for criterion, weight in weights.items())


def against_ranking(entries: Iterable[ListEntry], ranking: Sequence[str]) -> Iterator[tuple[ListEntry, str]]:
    """Yield the entries without a reason that rank below an account that is not listed, each with that account.

    `ranking` names the accounts nominated, the best first.  An account that is not in it ranks last.
    """
    entries = list(entries)
    listed = {entry.account for entry in entries}
    places = {account: place for place, account in enumerate(ranking)}
    left_out = next((account for account in ranking if account not in listed), None)
    if left_out is None:
        return
    for entry in entries:
        if not entry.reason and places.get(entry.account, len(places)) > places[left_out]:
            yield entry, left_out


def decide(state: ProgramState, command: RoundCommands, _today: date) -> Decision[RoundEvents]:
    event: RoundEvents | None
    cautions: tuple[Caution, ...] = ()
    match command:
        case OpenRound(criteria_weights=weights):
            event = RoundOpened(**said(command))
            cautions = ranks_nobody(weights)
        case CommitList():
            event = _committed(open_round(state, command.round), command)
        case CloseRound(id=id):
            _check_reason(state.the(Round, id), command)
            event = RoundClosed(id=id)
        case AbandonRound(id=id):
            _check_reason(state.the(Round, id), command)
            event = RoundAbandoned(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else (), cautions)


def _committed(round: Round, command: CommitList) -> ListCommitted | None:
    accounts = [entry.account for entry in command.entries]
    seen: set[str] = set()
    for place, account in enumerate(accounts):
        if account in seen:
            raise ListedTwice(f"/entries/{place}/account", account=account)
        seen.add(account)
    check_sizes(command.entries, round, "/entries")
    entries = tuple(ListEntry(**entry.model_dump(exclude_none=True)) for entry in command.entries)
    if (entries, command.decided_by) == (round.entries, round.decided_by):
        return None
    return ListCommitted(round=round.id, entries=entries, decided_by=command.decided_by)


def check_sizes(entries: Sequence[ListEntry], round: Round, pointer: str) -> None:
    """Raise `TooManyInTier` if the list has more accounts of a tier than the round allows."""
    for tier in get_args(Tier):
        listed, most = sum(entry.tier == tier for entry in entries), round.tiers.get(tier)
        if most is not None and listed > most:
            raise TooManyInTier(pointer, tier=tier, listed=listed, round=round.id, most=most)


def _check_reason(round: Round, command: CloseRound | AbandonRound) -> None:
    if not round.entries and not command.reason:
        raise NothingCommitted("/reason", id=round.id)


def apply(draft: Draft, event: RoundEvents) -> None:
    match event:
        case RoundOpened():
            draft.create(Round, event)
        case ListCommitted(round=round):
            draft.set(Round, round, entries=event.entries, decided_by=event.decided_by)
        case RoundClosed(id=id):
            draft.set(Round, id, state="closed")
        case RoundAbandoned(id=id):
            draft.set(Round, id, state="abandoned")
        case _:
            assert_never(event)


TOPIC = Topic(
    RoundCommands,
    RoundEvents,
    (Round,),
    decide,
    apply,
    # A round that should not have been opened is abandoned, and a nomination withdrawn and made again.
    mistakes=(
        Mistakes(
            Round,
            OpenRound,
            withdraws=False,
            check=lambda _state, _before, after: check_sizes(after.entries, after, "/tiers"),
            cautions=lambda _before, after, _today: ranks_nobody(after.criteria_weights),
        ),
    ),
)
