"""One rule for clock changes, in SQL and in Python: the offset before the change counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from psycopg import AsyncConnection

from tests.free_time.scene import scene
from tests.support.database import TestDatabase

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
)
YEARS = range(2024, 2036)
# Zones that change their clocks; the others must have no transition to be tested at.
CHANGING = set(ZONES) - {"Asia/Kolkata", "Asia/Kathmandu"}


def transitions(zone: str) -> list[datetime]:
    """Every hour (UTC) of these years after which the zone's offset is another one."""
    info = ZoneInfo(zone)
    hour = timedelta(hours=1)
    begin = datetime(YEARS.start, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=n) for n in range((YEARS.stop - YEARS.start) * 366)]
    found = []
    for day, following in pairwise(days):
        if day.astimezone(info).utcoffset() == following.astimezone(info).utcoffset():
            continue
        moment = day
        while moment < following:
            after = moment + hour
            if moment.astimezone(info).utcoffset() != after.astimezone(info).utcoffset():
                found.append(moment)
            moment = after
    return found


def instant(wall: datetime, zone: str) -> datetime:
    """The rule as Python has it: `fold=0` is the first of two, and moves a skipped time forward."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
async def test_every_wall_time_around_a_change_is_one_instant_in_sql_and_python(
    database: TestDatabase, zone: str
) -> None:
    changes = transitions(zone)
    assert bool(changes) == (zone in CHANGING)
    around = changes or [datetime(2026, 6, 1, tzinfo=UTC)]
    walls = [
        change.astimezone(ZoneInfo(zone)).replace(tzinfo=None, minute=0) + timedelta(minutes=step)
        for change in around
        for step in range(-240, 300, 10)
    ]
    async with await AsyncConnection.connect(database.admin_conninfo) as conn:
        cursor = await conn.execute(
            """
            select private.instant_of(wall_time, %s)
                from unnest(%s::timestamp[]) with ordinality as w (wall_time, place)
                order by place
            """,
            (zone, walls),
        )
        placed = [row[0] for row in await cursor.fetchall()]
    assert placed == [instant(wall, zone) for wall in walls]


@pytest.mark.parametrize("zone", ZONES)
async def test_daily_hours_keep_their_wall_clock_and_a_length_over_every_change(
    database: TestDatabase, zone: str
) -> None:
    async with scene(database) as stage:
        await stage.open_all_week(zone, "01:30", "04:00")
        for change in transitions(zone) or [datetime(2026, 6, 1, tzinfo=UTC)]:
            row = await stage.admin.one(
                "select hours from private.open_hours(array[%s]::uuid[], %s, %s)",
                stage.mentor.id,
                change - timedelta(days=2),
                change + timedelta(days=2),
            )
            hours = {(stretch.lower, stretch.upper) for stretch in row["hours"]}
            assert all(opens < closes for opens, closes in hours)
            local = change.astimezone(ZoneInfo(zone)).date()
            for day in (local + timedelta(days=n) for n in (-1, 0, 1)):
                opens, closes = (wall(day, zone, *time) for time in ((1, 30), (4, 0)))
                assert (opens, closes) in hours


def wall(day: date, zone: str, hour: int, minute: int) -> datetime:
    """The instant of a time of day."""
    return instant(datetime(day.year, day.month, day.day, hour, minute), zone)


async def test_hours_inside_a_skipped_hour_do_not_exist_that_day(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.open_all_week("Europe/Berlin", "02:15", "03:00")
        skipped = datetime(2027, 3, 28, tzinfo=UTC)
        row = await stage.admin.one(
            "select hours from private.open_hours(array[%s]::uuid[], %s, %s)",
            stage.mentor.id,
            skipped,
            skipped + timedelta(hours=6),
        )
        assert skipped.date() not in {stretch.lower.date() for stretch in row["hours"]}
        assert len(row["hours"]) >= 2
