"""The library's mapper of our stored format: what it stores is what it reads, of every event there is."""

from uuid import uuid4

import pytest
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import MapperDeserialisationError, Notification, ProgrammingError, StoredEvent
from eventsourcing.utils import TopicError

from adapters.events.stored_format import topic_of
from adapters.postgres.mapper import PlanMapper
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.stakeholders import StakeholderAdded
from domain.record import Recorded, Saying
from domain.registry import REGISTRY
from tests.golden import PLAN, TELLINGS, VERSION, example
from tests.stores import MONDAY, commit, note, plain

IN_CLEAR, SEALED = TELLINGS


def to_be_recorded(event, telling):
    return Recorded(PLAN, VERSION, 0, telling.meta, event)


@pytest.mark.parametrize("telling", TELLINGS, ids=["of nobody", "of people"])
def test_what_is_stored_is_what_is_read_of_every_event(store, telling):
    mapper = store.application.mapper
    for name in sorted(REGISTRY.events, key="StakeholderForgotten".__eq__):  # after which nothing of theirs can be read
        event = REGISTRY.events[name]
        recorded = to_be_recorded(example(event), telling)
        stored = mapper.to_stored_event(recorded)
        assert (stored.originator_id, stored.originator_version) == (
            recorded.originator_id,
            recorded.originator_version,
        )
        assert stored.topic == topic_of(name)
        read = mapper.to_domain_event(stored)
        assert plain([read._replace(stored=b"", sealed=())]) == plain([recorded])
        assert read.stored == stored.state


def test_a_notification_knows_its_position_and_a_stored_event_none():
    stored = StoredEvent(PLAN, VERSION, "PlayStarted", IN_CLEAR.golden("PlayStarted"))
    assert PlanMapper().to_domain_event(stored).position == 0
    assert PlanMapper().to_domain_event(Notification(**vars(stored), id=42)).position == 42


def test_who_has_no_keys_reads_nobodys_words_and_records_none():
    mapper, topic = PlanMapper(), "StakeholderAdded"
    read = mapper.to_domain_event(StoredEvent(PLAN, VERSION, topic, SEALED.golden(topic)))
    assert read.event.name == "[forgotten]"
    assert [part.open for part in read.sealed] == [False] * len(read.sealed)
    with pytest.raises(ProgrammingError, match="keys"):
        mapper.to_stored_event(to_be_recorded(example(StakeholderAdded), SEALED))


def test_only_events_of_ours_that_say_who_and_why_are_stored():
    mapper = PlanMapper()
    with pytest.raises(ProgrammingError, match="DomainEvent"):
        mapper.to_stored_event(DomainEvent(uuid4(), 1, MONDAY))
    with pytest.raises(ProgrammingError, match=f"{PLAN}:1"):
        mapper.to_stored_event(Recorded(PLAN, 1, 0, Saying(recorded_at=MONDAY, actor="ann"), note()))


def test_what_is_on_record_already_is_not_stored_again():
    topic = "PlayStarted"
    read = PlanMapper().to_domain_event(StoredEvent(PLAN, VERSION, topic, IN_CLEAR.golden(topic)))
    with pytest.raises(ProgrammingError, match=f"{PLAN}:{VERSION}"):
        PlanMapper().to_stored_event(read)


@pytest.mark.parametrize(
    "state", [b"", b"state1", b"[]", b'{"meta":{},"data":{"id":7},"sealed":[]}', b'{"meta":{},"sealed":[]}']
)
def test_what_is_no_event_of_ours_is_told_by_its_id(state):
    with pytest.raises(MapperDeserialisationError, match=f"{PLAN}:{VERSION}"):
        PlanMapper().to_domain_event(StoredEvent(PLAN, VERSION, "PlayStarted", state))


def test_a_topic_that_nobody_knows_is_told_as_the_library_does():
    with pytest.raises(TopicError, match="PlaySung"):
        PlanMapper().to_domain_event(StoredEvent(PLAN, VERSION, "PlaySung", IN_CLEAR.golden("PlayStarted")))


def test_whoever_is_forgotten_later_is_forgotten_at_every_version_though_their_key_outlived_it(store):
    plan_id = uuid4()
    store.events.append(commit(plan_id, 0, note("Petra Kern was there"), about=("cfo",)))
    assert [each.event.text for each in store.application.events.get(plan_id)] == ["Petra Kern was there"]
    store.events.append(commit(plan_id, 1, StakeholderForgotten(id="cfo")))
    for bounds in ({"lte": 1}, {"limit": 1}, {"desc": True}, {}):
        read = {each.version: each.event for each in store.application.events.get(plan_id, **bounds)}
        assert read[1].text == "[forgotten]" if 1 in read else bounds == {"desc": True}
    assert store.keys.of(plan_id) == {}
