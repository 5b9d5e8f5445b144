"""Errors of the database, each of them known to the application and to eventsourcing.

Those of the application keep their names: over HTTP the name of an error is its type.
"""

import psycopg
from eventsourcing import persistence

from application.aggregates import ports


class StoreUnavailable(ports.StoreUnavailable, persistence.OperationalError):
    __doc__ = ports.StoreUnavailable.__doc__


class StoreBusy(ports.StoreBusy, StoreUnavailable):
    __doc__ = ports.StoreBusy.__doc__


class OutcomeUnknown(StoreUnavailable):
    """The store went away before it answered: look whether it was recorded, or repeat with an Idempotency-Key."""


LIBRARY: dict[type, type[persistence.PersistenceError]] = {
    psycopg.DataError: persistence.DataError,
    psycopg.OperationalError: persistence.OperationalError,
    psycopg.IntegrityError: persistence.IntegrityError,
    psycopg.InternalError: persistence.InternalError,
    psycopg.ProgrammingError: persistence.ProgrammingError,
    psycopg.NotSupportedError: persistence.NotSupportedError,
    psycopg.DatabaseError: persistence.DatabaseError,
    psycopg.InterfaceError: persistence.InterfaceError,
    psycopg.Error: persistence.PersistenceError,
}
"""Driver and library name their errors alike, as PEP 249 does."""


def persistence_error(error: psycopg.Error) -> persistence.PersistenceError:
    """The library's error for an error of the driver."""
    return next(LIBRARY[kind] for kind in type(error).__mro__ if kind in LIBRARY)(str(error))
