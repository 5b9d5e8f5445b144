"""The effects of each event, found from what it wrote to, equal the difference of the plan before and after it."""

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.views.blame import blame
from application.views.effects import Touch, differences, fields_that_differ, touched
from domain.account_plan import fold
from domain.account_plan.stakeholders import Stakeholder
from domain.record import Recorded, struck_by
from tests.examples import examples
from tests.histories import said_at_random, values_of_plan

Changes = dict[tuple[str, str, str], tuple[Any, Any]]


def by_comparing_plans(records: tuple[Recorded, ...]) -> list[Changes]:
    """What differs between the plan before each event and after it, of everything there is in either."""
    found, before = [], values_of_plan(fold(()))
    for version in range(1, len(records) + 1):
        after = values_of_plan(fold(record.event for record in records[:version]))
        keys = before.keys() | after.keys()
        found.append({key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)})
        before = after
    return found


def test_unknown_and_0_differ_and_values_that_are_equal_or_empty_do_not():
    before = {"id": "coo", "level": "executive", "attitude": None, "roles": ("champion", "coach"), "motivators": ()}
    now = before | {"attitude": 0, "roles": tuple("champion coach".split()), "motivators": None}
    assert fields_that_differ(Touch(Stakeholder, "coo", before, now, frozenset())) == ["attitude"]
    assert fields_that_differ(Touch(Stakeholder, "coo", now, before, frozenset())) == ["attitude"]
    assert fields_that_differ(Touch(Stakeholder, "coo", before, before | {"attitude": 1}, frozenset())) == ["attitude"]


@settings(max_examples=examples(2), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_event_changed_what_plans_compared_as_a_whole_say(random: Random) -> None:
    records = said_at_random(random, commands=40, reviews=0.1).known.records
    after = random.randint(0, len(records))
    plain = by_comparing_plans(records)
    for begin, onto in ((0, None), (after, None), (after, fold(record.event for record in records[:after]))):
        seen = list(touched(records, begin, onto=onto))
        assert [record.version for record, _ in seen] == list(range(begin + 1, len(records) + 1))
        for record, touches in seen:
            changed = {
                (touch.kind.noun, touch.id, field): (old, new)
                for touch in touches
                for field, old, new in differences(touch)
                if old != new
            }
            assert changed == plain[record.version - 1], record.event
            for touch in touches:
                fields = [field for field, _, _ in differences(touch)]
                assert fields == fields_that_differ(touch)
                assert set(touch.words) <= {*fields, *(touch.kind.model_fields if touch.now is None else ())}


@settings(max_examples=examples(2), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_value_is_blamed_on_the_last_event_that_changed_it_or_sealed_it_again(random: Random) -> None:
    known = said_at_random(random, commands=60).known
    struck = struck_by(known.records).keys()
    set_by: dict[tuple[str, str, str], int] = {}
    for record, touches in touched(known.records, never=struck):
        set_by |= {(touch.kind.noun, touch.id, field): record.version for touch in touches for field in touch.words}
        set_by |= {
            (touch.kind.noun, touch.id, field): record.version
            for touch in touches
            for field, old, new in differences(touch)
            if old != new
        }
    blamed = {(each.kind, each.id, each.field): each.event for each in blame(known.state, known.records)}
    assert blamed.keys() == values_of_plan(known.state).keys()
    assert blamed == {value: known.records[set_by[value] - 1].id for value in blamed}
