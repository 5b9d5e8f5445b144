"""The library's own test cases, as its wheel ships them, run against our recorder, tracking recorder and factory.

What cannot apply as it stands is overridden here, and says why.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest import TestCase
from uuid import UUID

import pytest
from eventsourcing.cipher import AESCipher
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.persistence import NotSupportedError, StoredEvent
from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment, get_topic

from adapters.postgres.datastore import Datastore
from adapters.postgres.factory import PlanFactory
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.group_commit import GroupCommit
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.recorder import PlanRecorder
from adapters.postgres.store import ConnectionStrings
from adapters.postgres.tracking import PlanTrackingRecorder

NOT_FOR_US = {
    "RecorderTestCase": "is what the cases of recorders have in common",
    "ProcessRecorderTestCase": "is of a log that also records tracking; ours processes no other application",
    "TranscoderTestCase": "is of the library's JSON; our stored format is pydantic's, with tests of its own",
}


class OnAStore(TestCase):
    """A case on an empty store of its own."""

    where: ConnectionStrings
    closing: ExitStack

    @pytest.fixture(autouse=True)
    def _store(self, connection_strings: ConnectionStrings) -> Iterator[None]:
        self.where = connection_strings
        with ExitStack() as self.closing:
            yield

    def datastore(self) -> Datastore:
        datastore = Datastore(self.where.service)
        self.closing.callback(datastore.close)
        return datastore

    def recorder(self, kind: type[PlanRecorder] = PlanRecorder) -> PlanRecorder:
        datastore = self.datastore()
        committer, watch = GroupCommit(datastore.connect), PostgresLogWatch(datastore)
        self.closing.callback(watch.close)
        self.closing.callback(committer.close)
        return kind(datastore, committer, PostgresFeed(datastore), watch)


class FromZero(PlanRecorder):
    """Versions begin at 1 on our log and none is left out.  For cases that count from 0: what they call 0 is our 1."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Any:
        return super().insert_events(
            [replace(event, originator_version=event.originator_version + 1) for event in stored_events], **kwargs
        )


class AggregateRecorder(FromZero):
    """It tells no positions: neither of what it records nor of what it reads."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, **how: Any
    ) -> list[StoredEvent]:
        bounds = {"gt": None if gt is None else gt + 1, "lte": None if lte is None else lte + 1}
        return [
            StoredEvent(event.originator_id, event.originator_version - 1, event.topic, event.state)
            for event in super().select_events(originator_id, **bounds, **how)
        ]


class TestAggregateRecorder(OnAStore, cases.AggregateRecorderTestCase):
    INITIAL_VERSION = 0

    def create_recorder(self) -> AggregateRecorder:
        """Ours knows positions, as application recorders do; without them it is an aggregate recorder."""
        return self.recorder(AggregateRecorder)


class TestApplicationRecorder(OnAStore, cases.ApplicationRecorderTestCase[PlanRecorder]):
    kind = PlanRecorder

    def create_recorder(self) -> PlanRecorder:
        return self.recorder(self.kind)

    def test_concurrent_no_conflicts(self) -> None:
        """Counts from 0."""
        self.kind = FromZero
        super().test_concurrent_no_conflicts()

    def test_concurrent_throughput(self) -> None:
        """Counts from 0."""
        self.kind = FromZero
        super().test_concurrent_throughput()

    def test_insert_subscribe(self) -> None:
        """Is optional; ours can be subscribed to."""
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OnAStore, cases.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> PlanRecorder:
        """Counts from 0."""
        return self.recorder(FromZero)


class TestTrackingRecorder(OnAStore, cases.TrackingRecorderTestCase):
    def create_recorder(self) -> PlanTrackingRecorder:
        return PlanTrackingRecorder(self.datastore(), "some projection")


class View(PlanTrackingRecorder):
    """Of somebody downstream."""


class TestInfrastructureFactory(OnAStore, cases.InfrastructureFactoryTestCase[PlanFactory]):
    def setUp(self) -> None:
        named = {"PERSISTENCE_MODULE": "adapters.postgres.factory", "DATABASE_URL": self.where.service}
        self.env = Environment(env=named)
        super().setUp()

    def expected_factory_class(self) -> type[PlanFactory]:
        return PlanFactory

    def expected_aggregate_recorder_class(self) -> type[PlanRecorder]:
        return PlanRecorder

    def expected_application_recorder_class(self) -> type[PlanRecorder]:
        return PlanRecorder

    def expected_tracking_recorder_class(self) -> type[PlanTrackingRecorder]:
        return PlanTrackingRecorder

    def tracking_recorder_subclass(self) -> type[View]:
        return View

    def expected_process_recorder_class(self) -> Any:
        raise AssertionError(NOT_FOR_US["ProcessRecorderTestCase"])

    def test_create_process_recorder(self) -> None:
        """There is none: ours processes the events of no other application."""
        with pytest.raises(NotSupportedError, match="of no other application"):
            self.factory.process_recorder()

    def test_mapper(self) -> None:
        super().test_mapper()
        assert isinstance(self.factory.mapper(transcoder=self.transcoder), PlanMapper)

    def refused(self, **environment: str) -> None:
        """The stored format is one for ever, so that nothing in the environment may change it."""
        for name, value in environment.items():
            with pytest.raises(NotSupportedError, match=f"{name} is set"):
                PlanFactory(self.env | {name: value})

    def test_mapper_with_compressor(self) -> None:
        self.refused(COMPRESSOR_TOPIC=get_topic(ZlibCompressor))

    def test_mapper_with_cipher(self) -> None:
        self.refused(CIPHER_TOPIC=get_topic(AESCipher), CIPHER_KEY=AESCipher.create_key(16))

    def test_mapper_with_cipher_and_compressor(self) -> None:
        self.refused(CIPHER_KEY=AESCipher.create_key(16), COMPRESSOR_TOPIC="zlib")

    def test_mapper_with_wrong_cipher_key(self) -> None:
        self.refused(CIPHER_KEY=AESCipher.create_key(32))


def test_every_case_of_the_library_is_run_or_says_why_not():
    shipped = {name for name, case in vars(cases).items() if isinstance(case, type) and issubclass(case, TestCase)}
    ours = [case for case in globals().values() if isinstance(case, type) and issubclass(case, OnAStore)]
    run = {base.__name__ for case in ours for base in case.__mro__ if base.__module__ == cases.__name__}
    assert shipped - {"TestCase"} == run | NOT_FOR_US.keys()
    assert run & NOT_FOR_US.keys() == {"RecorderTestCase"}
