"""Days are those of the shipped time zones, whatever the host has."""

import zoneinfo
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from pydantic import ValidationError

from domain.account_plan.plan import OpenPlan, PlanOpened
from domain.things import day_of
from domain.time_zones import known_time_zones, time_zone
from tests.cases import for_each

OPEN = {"account_id": "acme", "account_name": "Acme", "tier": "growth", "owner": "ann", "currency": "EUR"}
NEW_YEAR = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)


@for_each("name", ["localtime", "Factory", "posix/Europe/Berlin", "right/UTC", "Europe/berlin", "", "../UTC"])
def test_a_name_that_another_host_may_not_know_is_refused(name):
    with pytest.raises(ValidationError, match="time zone"):
        OpenPlan(**OPEN, timezone=name)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Ushuaia", "UTC", "Etc/GMT+12", "Asia/Kolkata"])
def test_a_name_of_the_database_is_taken(name):
    assert OpenPlan(**OPEN, timezone=name).timezone == name
    assert time_zone(name).key == name


def test_every_name_has_a_table():
    assert len(known_time_zones()) > 500
    assert {time_zone(name).key for name in known_time_zones()} == known_time_zones()


def test_a_day_is_that_of_the_zone_and_of_utc_where_the_zone_is_unknown():
    assert day_of(NEW_YEAR, "Europe/Berlin") == date(2026, 1, 1)
    assert day_of(NEW_YEAR, "Mars/Olympus_Mons") == day_of(NEW_YEAR, "UTC") == date(2025, 12, 31)


def test_what_is_on_record_is_read_whatever_its_zone():
    assert PlanOpened(**OPEN, timezone="localtime", opened_on=date(2026, 1, 1)).timezone == "localtime"


@pytest.fixture
def other_tables(tmp_path):
    """Give the host another table under the name of Berlin."""
    berlin = tmp_path / "Europe" / "Berlin"
    berlin.parent.mkdir()
    berlin.write_bytes(files("tzdata").joinpath("zoneinfo", "Pacific", "Kiritimati").read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    time_zone.cache_clear()
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("other_tables")
def test_the_tables_of_the_host_are_not_asked():
    noon = datetime(2025, 12, 31, 11, tzinfo=UTC)
    assert noon.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")).date() == date(2026, 1, 1), "what the host would say"
    assert day_of(noon, "Europe/Berlin") == date(2025, 12, 31)
