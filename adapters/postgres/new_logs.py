"""New logs: a restored or imported copy continues as another log, with its own id and its own positions."""

from typing import Any

from psycopg import Connection

JUMP = (
    "INSERT INTO plantrail.former_logs (id, last_common, jumped_to)"
    " SELECT {id}, last_common, greatest(last_common, extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    " FROM plantrail.log,"
    " (SELECT coalesce(max(notification_id), 0) AS last_common FROM plantrail.stored_events) AS end_"
    " RETURNING setval('plantrail.stored_events_notification_id_seq', jumped_to)"
)
PAUSE_WEBHOOKS = (
    "UPDATE plantrail.webhook_endpoints SET state = 'paused', state_since = now(), reason = 'The store was restored"
    " from a copy: resume it where events are to be pushed from, and only there.' WHERE state = 'active'"
)


def begin_log_of_copy(connection: Connection[Any]) -> None:
    """Begin a new log, for a restored copy that continues beside the original or in its place."""
    connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
    connection.execute(JUMP.format(id="id"))
    connection.execute("UPDATE plantrail.log SET id = gen_random_uuid(), begun_at = now()")
    connection.execute(PAUSE_WEBHOOKS)


def begin_log_of_import(connection: Connection[Any]) -> None:
    """Begin a new log, for an imported copy of a log that is not known. The caller holds the append lock."""
    connection.execute(JUMP.format(id="NULL"))
