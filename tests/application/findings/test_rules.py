"""Every rule on both sides of its boundary, and what ends what it finds."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from pydantic_core import from_json, to_json

from application.findings.across import put_away
from application.findings.examined import Examined
from application.findings.finding import Finding, Remedy
from application.findings.judging import findings, findings_by, findings_view
from application.findings.registry import RULES
from application.views.cuts import cut_at, known_at
from application.views.policy_in_force import DEFAULT, PolicyInForce
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.rule_names import PlanRuleName
from domain.account_plan.stakeholders import Stakeholder
from domain.program.limits import Policy
from domain.things import day_of
from tests.application.findings.stories import STORIES, Story, action, in_order
from tests.application.findings.what_is_found import FILE, what_is_found
from tests.cases import for_each
from tests.everything import Line, everything
from tests.examples import examples, spread
from tests.findings_table import TABLE, table
from tests.histories import History, opened

LATER = "2027-12-31"


def told(lines: Sequence[Line], opened_on: str = "2026-01-05") -> History:
    history = opened(opened_on)
    for when, command, body in in_order(lines):
        history.on(when, command, **body)
    return history


def examined(history: History, day: str, numbers: Mapping[str, Any] | None = None) -> Examined:
    cut = history.cut(day, LATER)
    in_force = PolicyInForce(1, Policy.model_validate(numbers)) if numbers else DEFAULT
    return Examined(known_at(history.known, cut), cut, in_force)


def found(story: Story, *, loud: bool) -> list[Finding]:
    history = told([*story.told, *(story.loud if loud else story.quiet)], story.opened_on)
    return findings_by(story.rule, examined(history, story.days[loud], story.numbers))


def send(history: History, when: str, remedy: Remedy, saying: Mapping[str, Any]) -> None:
    """A remedy as a caller sends it, with what was missing."""
    assert sorted(saying) == sorted(remedy.missing)
    history.on(when, remedy.command, **from_json(to_json(remedy.body)), **saying)


def test_what_a_rule_finds_it_says_word_for_word_with_its_day_its_things_its_events_and_what_would_end_it():
    assert what_is_found() == FILE.read_text("utf-8"), "run `python -m tests.application.findings.what_is_found`"


def test_every_rule_has_a_story():
    assert {story.rule for story in STORIES} == set(RULES) == set(get_args(PlanRuleName))


@for_each("story", STORIES, ids=str)
def test_a_rule_finds_nothing_on_one_side_of_its_boundary_and_something_on_the_other(story: Story):
    assert found(story, loud=False) == []
    assert found(story, loud=True) != []


@for_each("story", [story for story in STORIES if story.ended_by], ids=str)
def test_its_remedy_ends_what_it_found(story: Story):
    history, day = told([*story.told, *story.loud], story.opened_on), story.days[1]
    before = findings_by(story.rule, examined(history, day, story.numbers))
    remedies = [
        (finding, each)
        for finding in before
        for each in finding.remedies
        if each.command == story.ended_by and sorted(each.missing) == sorted(story.saying)
    ]
    finding, remedy = remedies[0]
    send(history, f"{day}T20:00Z", remedy, story.saying)
    after = findings_by(story.rule, examined(history, day, story.numbers))
    assert finding.sentence not in {each.sentence for each in after}
    assert len(after) < len(before)


SAYS: Mapping[str, Any] = {
    "amount": "9",
    "buying_center": True,
    "criteria": {"logo": 3, "addressable_spend": 3, "reference": 3},
    "decision": "accepted",
    "displacement_angle": "Price",
    "email": "kim@example.com",
    "expected": "9",
    "goal": "triple",
    "level": "executive",
    "member": "joy",
    "metric": "Stops",
    "metrics": [{"name": "Rework", "goal": "25"}],
    "name": "Kim Newman",
    "observed": "9",
    "outcome": "Fewer stops",
    "owner": "ann",
    "penetration": "aware",
    "person": "zed",
    "power": 3,
    "proof": ["reference"],
    "reason": "Decided so",
    "result": "Done",
    "roles": ["influencer"],
    "stage": "idea",
    "stakeholders": ["coo"],
    "statement": "Send 3 prices by May",
    "strength": 2,
    "success_measure": "3 lines run",
    "supports": True,
    "text": "Looked at",
    "theirs": ["coo"],
    "title": "Tour",
    "unit": "stops",
}
"""What somebody says where it is missing in a remedy."""
KINDS = {"add-unit": "site", "list-offering": "product", "log-touch": "call", "raise-request": "campaign"}
DAYS_LATER = {"left_on": 0, "due_on": 60, "close_on": 60, "planned_on": 60, "until_on": 60}


def missing_said(story: Story, remedy: Remedy, day: str) -> dict[str, Any]:
    def said(name: str) -> Any:
        if name in story.saying and remedy.command == story.ended_by:
            return story.saying[name]
        if name in DAYS_LATER:
            return str(date.fromisoformat(day) + timedelta(days=DAYS_LATER[name]))
        return KINDS.get(remedy.command, "access") if name == "kind" else SAYS[name]

    return {name: said(name) for name in remedy.missing}


STEPS = 5
"""How often a remedy may be asked for that does a part of it each time."""
STAYS_ON_RECORD = {"trigger-ignored"}
"""Of what came too late, the finding goes on to say so for a while."""


@for_each("story", STORIES, ids=str)
def test_every_remedy_that_is_offered_ends_or_excuses_what_it_is_offered_for(story: Story):
    day = story.days[1]

    def loud() -> History:
        return told([*story.told, *story.loud], story.opened_on)

    def now(history: History) -> list[Finding]:
        return findings_by(story.rule, examined(history, day, story.numbers))

    for place, before in enumerate(now(loud())):
        for command in dict.fromkeys(each.command for each in before.remedies):
            history, number, left = loud(), len(now(loud())), before
            for _ in range(STEPS):
                [remedy, *_] = [each for each in left.remedies if each.command == command]
                saying = missing_said(story, remedy, day)
                if "coo" in map(str, (*saying.get("theirs", ()), *saying.get("stakeholders", ()))):
                    known = history.known.state.all(Stakeholder)
                    saying = {name: [*known][:1] if value == ["coo"] else value for name, value in saying.items()}
                    if not known:
                        break  # nobody could be named
                send(history, f"{day}T20:00Z", remedy, saying)
                still = now(history)
                if len(still) < number or still[place].excused:
                    break
                assert still[place].sentence != left.sentence, f"{command} does nothing about it"
                left = still[place]
                if story.rule in STAYS_ON_RECORD and not left.remedies:
                    break
            else:
                raise AssertionError(f"{command} does not end: {before.sentence}")


@for_each("story", STORIES, ids=str)
def test_a_finding_is_a_sentence_with_its_day_its_events_and_commands_that_are_known(story: Story):
    history = told([*story.told, *story.loud], story.opened_on)
    ids, today = {record.id for record in history.known.records}, examined(history, story.days[1]).today
    for each in found(story, loud=True):
        assert re.match(r"[A-Z0-9].{25,}[.]$", each.sentence), each.sentence
        assert each.since_on <= today, each.sentence
        assert set(each.events) <= ids
        for thing in each.things:
            assert ACCOUNT_PLAN.things[thing.kind]
        for remedy in each.remedies:
            fields = ACCOUNT_PLAN.commands[remedy.command].model_fields
            said = {*remedy.body, *remedy.missing}
            assert said <= set(fields), remedy
            assert {name for name, field in fields.items() if field.is_required()} <= said, remedy


def test_the_policy_says_how_loud_a_rule_is_and_may_turn_it_off():
    history = told([action("a", due_on="2026-03-20")])

    def loudness(**adjusted: Any) -> list[str]:
        at = examined(history, "2026-04-01", {"findings": {"overdue-promise": adjusted}})
        return [each.severity for each in findings_by("overdue-promise", at)]

    assert loudness(severity="alarm") == ["alarm"]
    assert loudness(severity="alarm", off=True) == []


def test_the_loudest_come_first_and_each_says_by_which_policy():
    view = findings_view(everything().known, everything().cut("2026-09-30", LATER))
    severities = [each.severity for each in view.items]
    assert severities == sorted(severities, key=["alarm", "warning", "hint"].index)
    assert set(severities) == {"alarm", "warning", "hint"}
    assert {each.policy_version for each in view.items} == {view.policy_version} == {0}
    assert view.version == everything().known.version


def test_a_rule_finds_what_it_finds_and_says_who_excused_it_until_when():
    history = told([action("a", due_on="2026-03-20")])
    reason = {"rule": "overdue-promise", "reason": "The plant is closed"}
    history.on("2026-04-01T12:00Z", "grant-exception", until_on="2026-04-30", **reason)
    granted = history.known.records[-1]

    def overdue(day: str) -> Finding:
        [found] = findings_by("overdue-promise", examined(history, day))
        return found

    assert overdue("2026-03-31").excused is None
    excuse = overdue("2026-04-30").excused
    assert excuse is not None
    assert (excuse.by, str(excuse.until_on)) == (granted.meta.actor, "2026-04-30")
    assert (excuse.reason, excuse.event) == ("The plant is closed", granted.id)
    assert overdue("2026-05-01").excused is None
    assert findings(examined(history, "2026-04-30"))[-1].rule == "overdue-promise"
    history.on("2026-04-02", "grant-exception", by="eve", until_on="2026-05-01", **reason)
    again = overdue("2026-05-01").excused
    assert again is not None
    assert (again.by, str(again.until_on), again.event) == ("eve", "2026-05-01", history.known.records[-1].id)
    history.on("2026-04-10", "revoke-exception", **reason)
    assert overdue("2026-04-30").excused is None


def test_an_archived_plan_is_asked_for_nothing():
    history = told([action("a", due_on="2026-03-20")])
    assert findings(examined(history, "2026-04-01"))
    history.on("2026-04-01", "archive-plan", reason="The account was sold")
    assert findings(examined(history, "2026-04-01")) == []


def test_a_plan_without_duties_owes_its_promises_only():
    history = opened(tier="standard")
    history.on("2026-01-05", "add-action", **action("a", due_on="2026-03-20")[2])
    assert [each.rule for each in findings(examined(history, "2026-04-01"))] == ["overdue-promise"]


@pytest.mark.hypothesis
def test_at_every_cut_of_a_history_in_which_everything_happens_every_rule_has_an_answer():
    """At every third, and in `make torture` at all."""
    history = everything()
    for version in next(spread(range(1, history.known.version + 1), 3)):
        cut = history.cut(f"version:{version}")
        seen = Examined(known_at(history.known, cut), cut, DEFAULT)
        for rule in RULES:
            findings_by(rule, seen)


def test_the_documented_table_is_the_registry():
    assert TABLE.read_text("utf-8") == table(), "run `python -m tests.findings_table`"


# Until when a verdict holds


def verdict_on(history: History, day: str, numbers: Mapping[str, Any]) -> tuple[list[dict[str, Any]], date | None]:
    """What is found at the beginning of a day, in the form it is put away in, and the next day it may be otherwise."""
    at = judged_now(history, day, numbers)
    return [from_json(put_away(each, at.day)) for each in findings(at)], at.changes_on


def judged_now(history: History, day: str, numbers: Mapping[str, Any]) -> Examined:
    cut = cut_at("now", history.known, datetime.fromisoformat(f"{day}T12:00Z"))
    return Examined(history.known, cut, PolicyInForce(1, Policy.model_validate(numbers)))


@pytest.mark.hypothesis
@for_each("story", STORIES, ids=str)
def test_a_verdict_holds_word_for_word_until_the_day_it_names(story: Story):
    history = told([*story.told, *story.loud], story.opened_on)
    day = max(date.fromisoformat(story.days[0]), day_of(history.known.records[-1].meta.recorded_at, "UTC"))
    for _ in range(examples(2)):
        found, changes_on = verdict_on(history, str(day), story.numbers)
        last = (changes_on or day + timedelta(days=500)) - timedelta(days=1)
        for later in {day + (last - day) / 2, last}:
            assert verdict_on(history, str(later), story.numbers)[0] == found, later
        day = last + timedelta(days=1)
