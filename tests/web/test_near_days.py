"""Today and tomorrow are days of the person's own clock, not stretches of 24 hours."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.stack import REPO

ASK = """
import { nearDay } from "./web/src/time.js";
const [instant, zone, now] = process.argv.slice(1);
console.log(JSON.stringify(nearDay(instant, zone, Date.parse(now))));
"""


@pytest.mark.parametrize(
    ("instant", "zone", "now", "said"),
    [
        ("2026-11-22T23:30:00Z", "UTC", "2026-11-22T00:10:00Z", "Today"),
        ("2026-11-23T00:00:00Z", "UTC", "2026-11-22T23:59:00Z", "Tomorrow"),
        ("2026-11-24T00:00:00Z", "UTC", "2026-11-22T23:59:00Z", ""),
        ("2026-11-21T23:59:00Z", "UTC", "2026-11-22T00:00:00Z", "Yesterday"),
        # the same two instants are one day in Berlin and two in Auckland
        ("2026-11-22T11:30:00Z", "Europe/Berlin", "2026-11-22T10:30:00Z", "Today"),
        ("2026-11-22T11:30:00Z", "Pacific/Auckland", "2026-11-22T10:30:00Z", "Tomorrow"),
        # 24 hours on, over a night of 25 and one of 23 hours
        ("2026-11-01T23:30:00Z", "America/New_York", "2026-10-31T23:30:00Z", "Tomorrow"),
        ("2026-11-01T04:30:00Z", "America/New_York", "2026-10-31T04:30:00Z", "Tomorrow"),
        ("2027-03-29T21:30:00Z", "Europe/Berlin", "2027-03-27T22:30:00Z", ""),
        ("2027-03-28T21:30:00Z", "Europe/Berlin", "2027-03-27T22:30:00Z", "Tomorrow"),
        ("2027-01-01T00:00:00Z", "UTC", "2026-12-31T12:00:00Z", "Tomorrow"),
    ],
)
def test_near_days_follow_the_clock_on_the_wall(
    instant: str, zone: str, now: str, said: str
) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", ASK, instant, zone, now],
        cwd=REPO, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == said
