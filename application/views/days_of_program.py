"""The days of the program. Its time zone may be revised; the days before stay those of the zone that it had."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from domain.program.charter import CharterRevised, ProgramOpened
from domain.record import Recorded
from domain.time_zones import time_zone


def zone_at(records: Sequence[Recorded], at: datetime) -> str:
    """Return the time zone that the program had at an instant; before it was opened, that with which it was."""
    first, *later = _zones(records)
    return next((zone for since, zone in reversed(later) if since <= at), first[1])


def end_of(records: Sequence[Recorded], day: date) -> datetime:
    """Return the last instant of a day in the time zone that the program had by then."""
    end = datetime.max.replace(tzinfo=UTC)
    for since, zone in _zones(records):
        if since > end:
            break
        midnight = datetime.combine(day + timedelta(days=1), time(), time_zone(zone))
        end = midnight.astimezone(UTC) - timedelta(microseconds=1)
    return end


def _zones(records: Sequence[Recorded]) -> Iterator[tuple[datetime, str]]:
    """Yield each time zone of the program with the instant from which it had it."""
    for record in records:
        if isinstance(record.event, ProgramOpened | CharterRevised) and record.event.timezone:
            yield record.meta.recorded_at, record.event.timezone
