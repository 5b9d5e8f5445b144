"""The infrastructure factory of the log. `AccountPlanApplication` names this module as its PERSISTENCE_MODULE."""

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

from adapters.observability.outages import Outages
from adapters.postgres.datastore import Datastore
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.group_commit import GroupCommit
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.person_keys import PersonKeyCache, PostgresPersonKeys
from adapters.postgres.recorder import PlanRecorder
from adapters.postgres.tracking import PlanTrackingRecorder
from adapters.privacy.key_encryption import GivenKeys, KeyFault

FIXED = (
    "TRANSCODER_TOPIC CIPHER_TOPIC CIPHER_KEY COMPRESSOR_TOPIC MAPPER_TOPIC APPLICATION_RECORDER_TOPIC"
    " PROCESS_RECORDER_TOPIC IS_SNAPSHOTTING_ENABLED"
).split()
"""Settings of eventsourcing that this application refuses, because its events have one stored format for ever."""


class PlanFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes the recorder, mapper and tracking of the log, in a database that `plantrail migrate` has prepared.

    It reads three settings, each with the application's name before it (`PLANTRAIL_…`) or without: `DATABASE_URL`, the
    database of the log; `KEY_ENCRYPTION_KEY`, which unwraps the keys of people, and without which their words can be
    neither read nor recorded; `KEYS_URL`, the connection for these keys, by default `DATABASE_URL`.
    """

    def __init__(
        self,
        env: Environment | EnvType | None = None,
        datastore: Datastore | None = None,
        keys: PersonKeyCache | None = None,
        outages: Outages | None = None,
    ) -> None:
        """If a `datastore` is given, which the caller closes, no settings are read.

        Raises `OSError` if a setting is missing or wrong, and `NotSupportedError` for settings in `FIXED`.
        """
        super().__init__(env)
        self._closing = ExitStack()
        self._outages = outages
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
            raise OSError(f"{' or '.join(self.env.create_keys(name))} must be set, as docs/settings.md explains.")
        return value

    def _opened(self, conninfo: str) -> Datastore:
        datastore = Datastore(conninfo)
        self._closing.callback(datastore.close)
        return datastore

    def _given_keys(self) -> PersonKeyCache | None:
        """Return person keys without a cache: somebody who reads event by event would not learn that a person was
        forgotten."""
        name = "KEY_ENCRYPTION_KEY"
        url, secret = self.env.get("KEYS_URL"), self.env.get(name)
        if secret is None and url:
            self._required(name)
        if not secret:
            return None
        try:
            keys = GivenKeys.read(secret, " or ".join(self.env.create_keys(name)))
        except KeyFault as fault:
            raise OSError(str(fault)) from fault
        datastore = self._opened(url or self._required("DATABASE_URL"))
        return PersonKeyCache(PostgresPersonKeys(datastore, keys), most_plans=0)

    def mapper(self, *_: Any, **__: Any) -> Mapper[Any]:
        return PlanMapper(self._keys)

    @cached_property
    def watch(self) -> PostgresLogWatch:
        watch = PostgresLogWatch(self.datastore, self._outages)
        self._closing.callback(watch.close)
        return watch

    @cached_property
    def recorder(self) -> PlanRecorder:
        committer = GroupCommit(self.datastore.connect, outages=self._outages, open_in_loop=self.datastore.open_in_loop)
        self._closing.callback(committer.close)
        return PlanRecorder(self.datastore, committer, PostgresFeed(self.datastore), self.watch, self._outages)

    def application_recorder(self) -> PlanRecorder:
        """Return the same recorder each time, so that there is one append path."""
        return self.recorder

    def aggregate_recorder(self, purpose: str = "events") -> PlanRecorder:
        if purpose != "events":
            raise NotSupportedError(f"The log keeps no {purpose}: aggregates are folded from all their events.")
        return self.recorder

    def process_recorder(self) -> ProcessRecorder:
        raise NotSupportedError("The log records what was commanded, and processes the events of no other application.")

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> PlanTrackingRecorder:
        """Return the tracking of the projection after which the environment is named, in the database of the log."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        kind: type[Any] = tracking_recorder_class or (resolve_topic(topic) if topic else PlanTrackingRecorder)
        if not issubclass(kind, PlanTrackingRecorder):
            raise NotSupportedError(f"A view in the database of the log must be a PlanTrackingRecorder; {kind} is not.")
        found: PlanTrackingRecorder = kind(self.datastore, self.env.name.lower() or "projection")
        return found

    def is_snapshotting_enabled(self) -> bool:
        return False

    def close(self) -> None:
        """Record pending events, then close everything this factory opened. A second call does nothing."""
        self._closing.close()
