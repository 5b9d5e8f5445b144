"""Tracking of eventsourcing: the positions of projections, recorded in the transactions that write their tables."""

from typing import Any

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from psycopg import Connection

from adapters.postgres.datastore import Datastore

LOG = "plantrail"
"""The name of the application whose log is tracked."""

TRACK = (
    "INSERT INTO plantrail.notification_tracking AS before (projection, application_name, notification_id)"
    " VALUES (%s, %s, %s) ON CONFLICT (projection, application_name) DO UPDATE"
    " SET notification_id = excluded.notification_id WHERE before.notification_id < excluded.notification_id"
)
TRACKED = "SELECT notification_id FROM plantrail.notification_tracking WHERE projection = %s AND application_name = %s"


class PlanTrackingRecorder(TrackingRecorder):
    """Tracks one projection. A view in this database is a subclass that calls `track` in its own transactions."""

    def __init__(self, datastore: Datastore, projection: str) -> None:
        self.datastore = datastore
        self.projection = projection

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record the position. Raises `IntegrityError`, `OperationalError`."""
        with self.datastore.connection() as connection:
            track(connection, self.projection, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        with self.datastore.connection() as connection:
            return tracked(connection, self.projection, application_name)


def track(connection: Connection[Any], projection: str, tracking: Tracking) -> None:
    """Record the position of a projection. Raises `IntegrityError` if it already has this position."""
    values = (projection, tracking.application_name, tracking.notification_id)
    if connection.execute(TRACK, values, prepare=True).rowcount == 0:
        raise IntegrityError(f"{projection} has processed notification {tracking.notification_id} already.")


def tracked(connection: Connection[Any], projection: str, application_name: str = LOG) -> int | None:
    """Return the id of the last notification a projection has processed; None if there is none."""
    row = connection.execute(TRACKED, (projection, application_name), prepare=True).fetchone()
    return row[0] if row else None
