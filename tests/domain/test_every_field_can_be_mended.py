"""How a mistyped value of each field of each event is put right, and that no field is without a way."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from domain.corrections import Corrected, Withdrawn
from domain.language import Event
from domain.program import PROGRAM
from domain.registry import REGISTRY
from tests.cases import for_each


@dataclass(frozen=True)
class Said:
    """Said again by a command, which is right from then on; `field` where that command calls it otherwise."""

    command: str
    field: str = ""


@dataclass(frozen=True)
class Undone:
    """Taken back by a command, and said anew where it belongs."""

    command: str


@dataclass(frozen=True)
class Made:
    """Nobody types it."""

    of: str


@dataclass(frozen=True)
class Never:
    """It stays, for a reason."""

    reason: str


Way = Said | Undone | Made | Never
FORMER = Made("what stood there before")
PUBLISHED_ANEW = "what is retired stays on record, and is published anew under another id"

A_LOOK = "that somebody looked is no claim about the account: it grows old, and whatever is found is said by itself"


def said(command: str, *fields: str) -> dict[str, Way]:
    return {field: Said(command) for field in fields}


TERMS_OF_CHARTER = said("revise-charter", "name", "currency", "timezone", "fiscal_year_starts")

WAYS: dict[str, dict[str, Way]] = {
    "PlanOpened": {
        "account_id": Said("alias-account"),
        "opened_on": Made("the clock"),
        **said("rename-account", "account_name"),
        **said("change-tier", "tier"),
        **said("reassign-plan", "owner"),
    },
    "AccountRenamed": said("rename-account", "account_name"),
    "PlanReassigned": said("reassign-plan", "owner"),
    "AccountAliased": {
        "account_id": Never("links lead by every id an account ever had, so none is given to another account"),
    },
    "PlanMerged": {
        "account_id": Never("the other plan is shown before, stays readable, and is adopted from by hand"),
        "goes_on": Made("which of the two plans the command was given on"),
    },
    "TierChanged": {**said("change-tier", "tier"), **said("confirm-tier", "round", "decided_by")},
    "TierConfirmed": said("confirm-tier", "round", "decided_by"),
    # A round that was not meant is emptied by scoring it without criteria.
    "AccountScored": said("score-account", "round", "criteria"),
    "SectionConfirmed": {"section": Never(A_LOOK)},
    "StakeholderVerified": {"id": Never(A_LOOK)},
    "EntryStruck": {
        "event": Never("what was struck is not brought back: it is entered anew, and its history says both"),
        "entry": Made("the kind of the entry"),
        "section": Made("the section of the entry"),
    },
    "ExceptionGranted": {"rule": Undone("revoke-exception"), **said("grant-exception", "until_on")},
    "ExceptionRevoked": {"rule": Undone("grant-exception")},
    "StakeholderForgotten": {"id": Never("the key is destroyed; it is confirmed before, with a preview")},
    "StakeholderMerged": {"into": Never("what named the one names the other; the first stays readable")},
    "SentimentChanged": said("change-sentiment", "attitude", "evidence"),
    "PowerRated": said("rate-power", "power"),
    # Of somebody who does not know them at all: none.
    "RelationshipRated": said("rate-relationship", "member", "strength"),
    "InfluenceErased": {"influencer": Undone("draw-influence"), "influenced": Undone("draw-influence")},
    "StakeholdersEngaged": {"stakeholders": Undone("disengage-stakeholders")},
    "StakeholdersDisengaged": {"stakeholders": Undone("engage-stakeholders")},
    "NextBestActionSet": said("set-next-best-action", "statement", "owner", "due_on"),
    "HypothesisRated": said("rate-hypothesis", "quality"),
    "CompetitorReassessed": said(
        "reassess-competitor", "position", "traps_to_set", "traps_to_avoid", "neutralise", "note"
    ),
    "MitigationPlanned": {"statement": Said("correct-risk", "mitigations")},
    "TeamAligned": {"agreed_on": Made("the clock")},
    "ActionAcknowledged": {"stakeholder": Said("correct-action", "acknowledged_by")},
    "PackCirculated": said("circulate-pack", "sha256"),
    "ProgramOpened": {**TERMS_OF_CHARTER, "opened_on": Made("the clock")},
    "CharterRevised": TERMS_OF_CHARTER,
    "ProgramOwnerNamed": said("name-program-owner", "owner"),
    # Rates of a day that was not meant are set as they were before it.
    "ExchangeRatesSet": said("set-exchange-rates", "as_of_on", "rates"),
    "PolicyAdopted": {
        "version": Made("one after the last"),
        "effective_on": Undone("withdraw-policy"),
        **said("adopt-policy", "policy"),
    },
    "AccountNominated": dict.fromkeys(("round", "account", "account_name", "why"), Undone("withdraw-nomination")),
    "NominationWithdrawn": dict.fromkeys(("round", "account"), Undone("nominate")),
    # Without a stance: abstained.
    "OpinionGiven": said("give-opinion", "round", "account", "member", "function", "stance", "tier", "note"),
    "RoundOpened": {"id": Undone("abandon-round")},
    "ListCommitted": said("commit-list", "round", "entries", "decided_by"),
    "RoundClosed": {"id": Never("a round that has ended is history: another one is opened")},
    "RoundAbandoned": {"id": Never("a round that has ended is history: another one is opened")},
    "LibraryPlayPublished": {
        "id": Undone("retire-play"),
        **said("revise-play", "title", "kind", "value_driver", "purpose", "success_measure", "typical_days", "steps"),
        **said("revise-play", "prerequisites", "proof_assets", "counter_move", "source_plan"),
    },
    "LibraryPlayRetired": {"id": Never(PUBLISHED_ANEW)},
    "TemplatePublished": dict.fromkeys(("id", "title", "segment", "tier", "commands"), Undone("retire-template")),
    "TemplateRetired": {"id": Never(PUBLISHED_ANEW)},
    "AgendaPublished": {"kind": Undone("retire-agenda"), **said("publish-agenda", "items", "minutes")},
    "AgendaRetired": {"kind": Undone("publish-agenda")},
    "ExamplePublished": dict.fromkeys(("id", "title", "plan", "cut", "redactions"), Undone("withdraw-example")),
    "ExampleWithdrawn": {"id": Never(PUBLISHED_ANEW)},
}
WAYS["LibraryPlayRevised"] = WAYS["LibraryPlayPublished"]
"""Where `correct-KIND`, `withdraw-KIND` and `strike-entry` do not do."""

EVENTS = [
    (type, event) for type in REGISTRY.types for event in type.events.values() if not issubclass(event, Corrected)
]


def way_of(type, event, field):
    """How a mistake in a field of an event is put right.  Raises `LookupError` where it is not."""
    if field == "former" or issubclass(event, Withdrawn):
        return FORMER
    if way := WAYS.get(event.__name__, {}).get(field):
        return way
    if event.strikable:
        return Undone("strike-entry")
    correct = type.commands.get(f"correct-{event.noun}")
    if correct and field in correct.model_fields and not correct.model_fields[field].is_required():
        return Said(f"correct-{event.noun}")
    if f"withdraw-{event.noun}" in type.commands and (
        field == "id" or correct is None or field in correct.model_fields
    ):
        return Undone(f"withdraw-{event.noun}")
    raise LookupError(f"a mistake in {event.__name__}.{field} can be put right by nothing")


@for_each(("type", "event"), EVENTS)
def test_a_mistyped_value_can_be_put_right(type, event):
    for field in event.model_fields:
        match way_of(type, event, field):
            case Said(command, called):
                fields = type.commands[command].model_fields
                assert (called or field) in fields, f"{event.__name__}.{field}"
            case Undone(command):
                assert type.commands[command].needs != "new", f"{event.__name__}.{field}"


def test_a_field_that_nothing_puts_right_is_noticed():
    class LampLit(Event):
        """A lamp was lit."""

        noun: ClassVar[str] = "lamp"
        home: ClassVar[str] = "charter"

        colour: str

    with pytest.raises(LookupError, match=r"LampLit\.colour can be put right by nothing"):
        way_of(PROGRAM, LampLit, "colour")


def test_no_way_is_told_of_a_field_that_there_is_not_or_that_needs_none():
    by_name = {event.__name__: (type, event) for type, event in EVENTS}
    for name, ways in WAYS.items():
        assert set(ways) <= set(by_name[name][1].model_fields), name
