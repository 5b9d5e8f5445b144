"""The library's infrastructure for plantrail's log: the module to name in PERSISTENCE_MODULE."""

from contextlib import ExitStack
from functools import cached_property
from typing import Any

from eventsourcing.persistence import (
    InfrastructureFactory,
    Mapper,
    NotSupportedError,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic

from adapters.postgres.datastore import Datastore
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.group_commit import GroupCommit
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.person_keys import PersonKeyCache, PostgresPersonKeys
from adapters.postgres.recorder import PlanRecorder
from adapters.postgres.tracking import PlanTrackingRecorder
from adapters.privacy.key_encryption import GivenKeys

FIXED = (
    "TRANSCODER_TOPIC CIPHER_TOPIC CIPHER_KEY COMPRESSOR_TOPIC MAPPER_TOPIC APPLICATION_RECORDER_TOPIC"
    " PROCESS_RECORDER_TOPIC IS_SNAPSHOTTING_ENABLED"
).split()
"""What an environment may choose of other applications and not of this one, whose events have one form for ever."""


class PlanFactory(InfrastructureFactory[TrackingRecorder]):
    """Of the environment it reads, after the name of the application or without it:

    `DATABASE_URL`: where the log is; a role that may read `plantrail.stored_events` is enough to follow it.
    `KEYS_URL` and `KEY_ENCRYPTION_KEY`: where the people's keys are and what opens them.  Without them, nobody's words
    can be read or recorded.

    The schema is that of `plantrail migrate`; no table is made here.
    """

    def __init__(
        self,
        env: Environment | EnvType | None = None,
        datastore: Datastore | None = None,
        keys: PersonKeyCache | None = None,
    ) -> None:
        """With a datastore and keys of the caller's, who closes them, nothing is read of the environment.

        Raises `OSError` where that says too little, and `NotSupportedError` where it asks this application for what
        cannot be chosen.
        """
        super().__init__(env)
        self._closing = ExitStack()
        self._refuse_what_is_fixed()
        self.datastore = datastore or self._opened(self._required("DATABASE_URL"))
        self._keys = keys if datastore else self._given_keys()

    def _refuse_what_is_fixed(self) -> None:
        for name in FIXED:
            own = self.env.create_keys(name)[0]
            if own in self.env:
                raise NotSupportedError(f"{own} is set, but the events of plantrail have one form for ever: unset it.")

    def _required(self, name: str) -> str:
        value = self.env.get(name)
        if not value:
            raise OSError(f"Say in {' or '.join(self.env.create_keys(name))} where plantrail's database is.")
        return value

    def _opened(self, conninfo: str) -> Datastore:
        datastore = Datastore(conninfo)
        self._closing.callback(datastore.close)
        return datastore

    def _given_keys(self) -> PersonKeyCache | None:
        url, secret = self.env.get("KEYS_URL"), self.env.get("KEY_ENCRYPTION_KEY")
        if not (url and secret):
            return None
        return PersonKeyCache(PostgresPersonKeys(self._opened(url), GivenKeys.read(secret, "KEY_ENCRYPTION_KEY")))

    def mapper(self, *_: Any, **__: Any) -> Mapper[Any]:
        return PlanMapper(self._keys)

    @cached_property
    def watch(self) -> PostgresLogWatch:
        watch = PostgresLogWatch(self.datastore)
        self._closing.callback(watch.close)
        return watch

    @cached_property
    def recorder(self) -> PlanRecorder:
        committer = GroupCommit(self.datastore.connect)
        self._closing.callback(committer.close)
        return PlanRecorder(self.datastore, committer, PostgresFeed(self.datastore), self.watch)

    def application_recorder(self) -> PlanRecorder:
        """One for all: there is one append path."""
        return self.recorder

    def aggregate_recorder(self, purpose: str = "events") -> PlanRecorder:
        if purpose != "events":
            raise NotSupportedError(f"No {purpose} are kept: plans are folded from their events.")
        return self.recorder

    def process_recorder(self) -> ProcessRecorder:
        raise NotSupportedError(
            "This log records what was commanded, and processes the events of no other application."
        )

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> PlanTrackingRecorder:
        """The tracking, in this database, of the projection that the environment is named after."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        kind: type[Any] = tracking_recorder_class or (resolve_topic(topic) if topic else PlanTrackingRecorder)
        if not issubclass(kind, PlanTrackingRecorder):
            raise NotSupportedError(f"A view in plantrail's database is a PlanTrackingRecorder, which {kind} is not.")
        found: PlanTrackingRecorder = kind(self.datastore, self.env.name.lower() or "projection")
        return found

    def is_snapshotting_enabled(self) -> bool:
        return False

    def close(self) -> None:
        """What waits to be recorded is recorded first.  Closing again does no harm."""
        self._closing.close()
