"""Quiet hours hold until they end by the person's own clock, whatever the clocks do that night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.quiet_hours import QuietHours

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")
quarter = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
# Around every change of clocks, where it is easy to be wrong.
changes = st.sampled_from(
    [(2026, 3, 28), (2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1), (2026, 4, 24)]
).flatmap(
    lambda day: st.integers(-600, 1800).map(
        lambda minutes: datetime(*day, tzinfo=UTC) + timedelta(minutes=minutes)
    )
)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, 10, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))


NIGHT = QuietHours(time(22), time(7), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21, 59), None),
        (at(22), at(7) + timedelta(days=1)),
        (at(3), at(7)),
        (at(6, 59), at(7)),
        (at(7), None),
        (at(12), None),
    ],
)
def test_a_night_ends_in_the_morning(now: datetime, until: datetime | None) -> None:
    assert NIGHT.holds_until(now) == until


@pytest.mark.parametrize(
    ("end", "now", "until"),
    [
        # The night of summer time is an hour shorter, that of winter time an hour longer.
        (time(7), "2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00"),
        (time(7), "2026-10-24T23:00+02:00", "2026-10-25T07:00+01:00"),
        # An end that the clock skips comes as much later; one that it shows twice comes twice.
        (time(2, 30), "2026-03-28T23:00+01:00", "2026-03-29T03:30+02:00"),
        (time(2, 30), "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
        (time(2, 30), "2026-10-25T02:15+01:00", "2026-10-25T02:30+01:00"),
    ],
)
def test_a_night_in_which_the_clock_is_changed(end: time, now: str, until: str) -> None:
    night = QuietHours(time(22), end, ZoneInfo("Europe/Berlin"))
    assert night.holds_until(datetime.fromisoformat(now)) == datetime.fromisoformat(until)


@given(now=moments | changes, start=quarter, end=quarter, zone=st.sampled_from(ZONES))
def test_quiet_ends_later_and_ends_at_a_time_that_is_not_quiet(
    now: datetime, start: time, end: time, zone: str
) -> None:
    quiet = QuietHours(start, end, ZoneInfo(zone))
    until = quiet.holds_until(now)
    if until is None:
        local = now.astimezone(ZoneInfo(zone)).time()
        inside = start <= local < end if start < end else local >= start or local < end
        assert not inside or start == end
    else:
        assert now < until <= now + timedelta(hours=25)
        assert quiet.holds_until(until) is None


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        NIGHT.holds_until(datetime(2026, 1, 1))
