"""Time zones by their IANA names, from the tables of the `tzdata` package alone: a day is the same on every host.

What a host has besides, such as `localtime`, is no name that another host would understand.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

NO_PLACE = frozenset({"Factory"})
"""Names in the tables that do not belong to a place."""


@cache
def known_time_zones() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - NO_PLACE


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return a time zone; UTC where the tables do not have it, because they may be older than what is on record."""
    known = name if name in known_time_zones() else "UTC"
    with files("tzdata").joinpath("zoneinfo", *known.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=known)
