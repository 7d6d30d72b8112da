"""The pages read a wall clock as Python and the database do, also on the days clocks change."""

from __future__ import annotations

import datetime
import json
import subprocess
from zoneinfo import ZoneInfo

from tests.support.stack import REPO

ZONES = (
    "America/New_York", "America/Santiago", "Europe/Berlin", "Australia/Lord_Howe",
    "Pacific/Chatham", "Asia/Kolkata", "Asia/Kathmandu", "Africa/Cairo", "Africa/Casablanca", "UTC",
)  # fmt: skip
ASK = """
import { instantOf, wallClock } from "./web/src/time.js";
let text = "";
for await (const part of process.stdin) text += part;
console.log(JSON.stringify(JSON.parse(text).map(([date, time, zone]) => {
  const instant = instantOf(date, time, zone);
  return [instant.getTime() / 1000, wallClock(instant, zone)];
})));
"""


def changing_days(zone: str) -> list[datetime.date]:
    """The days of two years on which the zone's clocks change."""
    clock = ZoneInfo(zone)
    noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    days = [noon + datetime.timedelta(days=number) for number in range(730)]
    offsets = [day.astimezone(clock).utcoffset() for day in days]
    return [
        day.astimezone(clock).date()
        for day, before, after in zip(days[1:], offsets, offsets[1:], strict=False)
        if before != after
    ]


def test_every_quarter_hour_around_every_change_of_clocks() -> None:
    asked = [
        (str(day + datetime.timedelta(days=off)), f"{minute // 60:02}:{minute % 60:02}", zone)
        for zone in ZONES
        for day in [datetime.date(2026, 7, 14), *changing_days(zone)]
        for off in (-1, 0, 1)
        for minute in range(0, 1440, 15)
    ]
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", ASK],
        cwd=REPO, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wrong = []
    for (date, time, zone), (instant, wall) in zip(asked, json.loads(done.stdout), strict=True):
        meant = datetime.datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=ZoneInfo(zone))
        shown = datetime.datetime.fromtimestamp(instant, ZoneInfo(zone))
        if (
            meant.timestamp() != instant
            or f"{shown:%Y-%m-%d %H:%M}" != f"{wall['date']} {wall['time']}"
        ):
            wrong.append((date, time, zone, instant - meant.timestamp()))
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:5]}"
