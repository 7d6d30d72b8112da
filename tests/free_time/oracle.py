"""A brute-force reading of the booking rules: one minute after the other, as a person would check.

Written from the rules, not from the SQL: sets of minutes instead of ranges, `zoneinfo` instead of
the database's zones. Minutes are counted from the schedule's `origin`, which is at a full minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 1440
SPAN = 2 * DAY  # the minutes that are judged, from the origin on


@dataclass(frozen=True)
class Hours:
    """Weekly hours, in minutes of the local day; 1440 is midnight at its end."""

    weekday: int
    opens: int
    closes: int
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Override:
    """Other hours on one date; closed without them."""

    on_date: date
    opens: int | None = None
    closes: int | None = None


@dataclass(frozen=True)
class Booked:
    """A session that is there already, from a minute, for some minutes."""

    start: int
    minutes: int


@dataclass(frozen=True)
class Caps:
    """At most so many sessions, or minutes, in a day, a week, a month."""

    sessions: tuple[int | None, int | None, int | None] = (None, None, None)
    minutes: tuple[int | None, int | None, int | None] = (None, None, None)


@dataclass(frozen=True)
class Schedule:
    """Everything that decides; `clock` is the instant at which it is asked."""

    zone: str
    origin: datetime
    clock: datetime
    duration: int
    hours: tuple[Hours, ...] = ()
    overrides: tuple[Override, ...] = ()
    booked: tuple[Booked, ...] = ()
    yours: tuple[Booked, ...] = ()
    before: int = 0
    after: int = 0
    notice: int = 0
    window_days: int | None = None
    caps: Caps = field(default_factory=Caps)


def moment(schedule: Schedule, minute: int) -> datetime:
    """The instant of a minute."""
    return schedule.origin + timedelta(minutes=minute)


def local_time(schedule: Schedule, day: date, minutes: int) -> int:
    """The minute at which a local clock shows that time of that day."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    instant = wall.replace(tzinfo=ZoneInfo(schedule.zone), fold=0).astimezone(UTC)
    return int((instant - schedule.origin).total_seconds()) // 60


def open_minutes(schedule: Schedule) -> set[int]:
    """Every minute in which the mentor is open, a day beyond what is judged."""
    zone = ZoneInfo(schedule.zone)
    special = {override.on_date for override in schedule.overrides}
    minutes: set[int] = set()
    first = moment(schedule, -DAY).astimezone(zone).date()
    for day in (first + timedelta(days=n) for n in range(6)):
        for override in schedule.overrides:
            if (
                override.on_date == day
                and override.opens is not None
                and override.closes is not None
            ):
                minutes.update(stretch(schedule, day, override.opens, override.closes))
        if day in special:
            continue
        for rule in schedule.hours:
            if (
                rule.weekday == day.isoweekday()
                and (rule.valid_from is None or rule.valid_from <= day)
                and (rule.valid_until is None or day <= rule.valid_until)
            ):
                minutes.update(stretch(schedule, day, rule.opens, rule.closes))
    if not schedule.hours:
        minutes.update(
            minute
            for minute in range(-DAY, SPAN + DAY)
            if moment(schedule, minute).astimezone(zone).date() not in special
        )
    return minutes


def stretch(schedule: Schedule, day: date, opens: int, closes: int) -> range:
    """The minutes between two times of a local day; none when a clock change leaves none."""
    return range(local_time(schedule, day, opens), local_time(schedule, day, closes))


def taken(booked: Iterable[Booked], before: int, after: int) -> set[int]:
    """Every minute that sessions and the time around them take."""
    return {
        minute
        for session in booked
        for minute in range(session.start - before, session.start + session.minutes + after)
    }


def periods(local_day: date) -> tuple[object, object, object]:
    """The day, the ISO week and the month a date lies in."""
    return (local_day, local_day.isocalendar()[:2], (local_day.year, local_day.month))


def verdicts(schedule: Schedule) -> list[set[str]]:
    """For each minute of the span, the rules that refuse a session starting in it."""
    zone = ZoneInfo(schedule.zone)
    is_open = open_minutes(schedule)
    busy = taken(schedule.booked, schedule.before, schedule.after)
    own = taken(schedule.yours, 0, 0)
    counts: Counter[object] = Counter()
    loads: Counter[object] = Counter()
    for session in schedule.booked:
        for unit, period in enumerate(
            periods(moment(schedule, session.start).astimezone(zone).date())
        ):
            counts[unit, period] += 1
            loads[unit, period] += session.minutes
    earliest = schedule.clock + timedelta(minutes=schedule.notice)
    latest = None
    if schedule.window_days is not None:
        latest = schedule.clock + timedelta(days=schedule.window_days)

    judged = []
    for minute in range(SPAN):
        refused = set()
        starts = moment(schedule, minute)
        lasting = range(minute, minute + schedule.duration)
        if not is_open.issuperset(lasting):
            refused.add("closed")
        around = range(minute - schedule.before, minute + schedule.duration + schedule.after)
        if not busy.isdisjoint(around):
            refused.add("booked")
        if not own.isdisjoint(lasting):
            refused.add("yours")
        if starts < earliest:
            refused.add("notice")
        if latest is not None and starts > latest:
            refused.add("window")
        for unit, period in enumerate(periods(starts.astimezone(zone).date())):
            most, most_minutes = schedule.caps.sessions[unit], schedule.caps.minutes[unit]
            if most is not None and counts[unit, period] >= most:
                refused.add("cap")
            if most_minutes is not None and loads[unit, period] + schedule.duration > most_minutes:
                refused.add("cap")
        judged.append(refused)
    return judged
