"""Errors of the database. Each is an error of the application and of eventsourcing at once.

They have the names that the application gives them, because HTTP derives the problem type from the name of an error.
"""

import psycopg
from eventsourcing import persistence

from application.aggregates import ports


class StoreUnavailable(ports.StoreUnavailable, persistence.OperationalError):
    __doc__ = ports.StoreUnavailable.__doc__


class StoreReadOnly(ports.StoreReadOnly, StoreUnavailable):
    __doc__ = ports.StoreReadOnly.__doc__


class StoreFull(ports.StoreFull, StoreUnavailable):
    __doc__ = ports.StoreFull.__doc__


class StoreBusy(ports.StoreBusy, StoreUnavailable):
    __doc__ = ports.StoreBusy.__doc__


class ClockAhead(ports.ClockAhead, StoreUnavailable):
    __doc__ = ports.ClockAhead.__doc__


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
"""The errors of the library by those of the driver: both have the names of PEP 249."""


def persistence_error(error: psycopg.Error) -> persistence.PersistenceError:
    """Return the error of eventsourcing for an error of the driver."""
    return next(LIBRARY[kind] for kind in type(error).__mro__ if kind in LIBRARY)(str(error))
