"""Topic: nominations, the accounts proposed in a round, and the opinions on them."""

from datetime import date
from typing import Any, ClassVar, Literal, assert_never

from domain.account_plan.plan import Tier
from domain.aggregates import Topic
from domain.language import (
    AccountId,
    Caution,
    Decision,
    Name,
    OptionalText,
    Person,
    PersonId,
    Refusal,
    Slug,
    Terms,
    Text,
    said,
)
from domain.program.language import ProgramSection, ProgramState
from domain.program.rounds import RoundCommand, RoundEvent, open_round
from domain.things import Draft, Thing

Function = Literal["sales", "success", "marketing", "product", "finance", "executive"]


Stance = Literal["for", "against", "abstain"]


class NominationTerms(Terms):
    round: str
    account: str
    account_name: str
    why: str


class OpinionTerms(Terms):
    round: str
    account: str
    member: Person
    function: Function
    stance: Stance
    tier: Tier | None = None
    note: str | None = None


# Events


class AccountNominated(RoundEvent, NominationTerms):
    """Somebody wants an account on the list."""

    noun: ClassVar[str] = "nomination"

    def subject(self) -> str:
        return nomination_id(self.round, self.account)


class NominationWithdrawn(RoundEvent):
    """An account is no longer proposed in a round."""

    noun: ClassVar[str] = "nomination"

    round: str
    account: str

    def subject(self) -> str:
        return nomination_id(self.round, self.account)


class OpinionGiven(RoundEvent, OpinionTerms):
    """Somebody said what they think of a nomination; their last opinion counts."""

    noun: ClassVar[str] = "opinion"

    def subject(self) -> str:
        return opinion_id(self.round, self.account, self.member)


NominationEvents = AccountNominated | NominationWithdrawn | OpinionGiven


# Commands


class InRound(RoundCommand):
    """A command about something in a round."""

    needs: ClassVar[Any] = "nothing"

    round: Slug
    account: AccountId


class Nominate(InRound):
    """Propose an account for the list, whether it has a plan or not."""

    noun: ClassVar[str] = "nomination"

    account_name: Name
    why: Text

    def subject(self) -> str | None:
        return nomination_id(self.round, self.account)


class WithdrawNomination(InRound):
    """Take a nomination back."""

    noun: ClassVar[str] = "nomination"

    def subject(self) -> str | None:
        return nomination_id(self.round, self.account)


class GiveOpinion(InRound):
    """Say what you think of a nomination.  A later opinion of the same member takes the place of the earlier one."""

    noun: ClassVar[str] = "opinion"

    member: PersonId
    function: Function
    stance: Stance
    tier: Tier | None = None
    note: OptionalText = None

    def subject(self) -> str | None:
        return opinion_id(self.round, self.account, self.member)


NominationCommands = Nominate | WithdrawNomination | GiveOpinion


# Refusals


class AlreadyNominated(Refusal):
    """{account} is nominated in the round “{round}” already."""


class NotNominated(Refusal):
    """{account} is not nominated in the round “{round}”; nominate it first."""


# State and rules


class Nomination(NominationTerms, Thing):
    """An account proposed in a round."""

    noun: ClassVar[str] = "nomination"
    home: ClassVar[ProgramSection] = "rounds"

    withdrawn: bool = False

    @property
    def ending(self) -> str | None:
        return "was withdrawn" if self.withdrawn else None


class Opinion(OpinionTerms, Thing):
    """What one member thinks of one nomination, as they last said it."""

    noun: ClassVar[str] = "opinion"
    home: ClassVar[ProgramSection] = "rounds"


def nomination_id(round: str, account: str) -> str:
    return f"{round}:{account}"


def opinion_id(round: str, account: str, member: str) -> str:
    return f"{round}:{account}:{member}"


def decide(state: ProgramState, command: NominationCommands, _today: date) -> Decision[NominationEvents]:
    event: NominationEvents | None
    cautions: tuple[Caution, ...] = ()
    match command:
        case Nominate(round=round, account=account):
            open_round(state, round)
            nomination = state.find(Nomination, nomination_id(round, account))
            if nomination and not nomination.withdrawn:
                raise AlreadyNominated("/account", account=account, round=round)
            event = AccountNominated(**said(command))
        case WithdrawNomination(round=round, account=account):
            _nominated(state, round, account)
            event = NominationWithdrawn(round=round, account=account)
        case GiveOpinion(round=round, account=account):
            _nominated(state, round, account)
            event = OpinionGiven(**said(command))
            before = state.find(Opinion, event.subject())
            if before and all(getattr(before, name) == getattr(event, name) for name in OpinionTerms.model_fields):
                event = None
            elif before:
                detail = f"{before.member} said “{before.stance}” before; from now on only this counts."
                cautions = (Caution("opinion-replaced", "/member", detail),)
        case _:
            assert_never(command)
    return Decision((event,) if event else (), cautions)


def _nominated(state: ProgramState, round: str, account: str) -> None:
    open_round(state, round)
    nomination = state.find(Nomination, nomination_id(round, account))
    if nomination is None or nomination.withdrawn:
        raise NotNominated("/account", account=account, round=round)


def apply(draft: Draft, event: NominationEvents) -> None:
    match event:
        case AccountNominated():
            draft.create(Nomination, event, id=event.subject())
        case NominationWithdrawn():
            draft.set(Nomination, event.subject(), withdrawn=True)
        case OpinionGiven():
            draft.create(Opinion, event, id=event.subject())
        case _:
            assert_never(event)


TOPIC = Topic(NominationCommands, NominationEvents, (Nomination, Opinion), decide, apply)
