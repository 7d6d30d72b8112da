"""The values of free time: hours, terms, slots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment


class PendingPolicy(StrEnum):
    """What a pending request does to its time."""

    OPEN = "open"
    """Nothing: several may ask for the same hour, the first approved gets it."""
    HOLD = "hold"
    """It holds its time for `hold_minutes`."""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours of every week, local to the mentor's booking terms. Monday is 1 (ISO 8601).

    Hours over midnight are two rows; the first ends at `time.max`, which means midnight.
    """

    weekday: int
    start_time: time
    end_time: time
    valid_from: date | None = None
    valid_until: date | None = None
    id: UUID | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `availability_rules`."""
        return cls(
            weekday=row["weekday"],
            start_time=clock_time(row["start_time"]),
            end_time=clock_time(row["end_time"]),
            valid_from=maybe(date.fromisoformat, row["valid_from"]),
            valid_until=maybe(date.fromisoformat, row["valid_until"]),
            id=UUID(row["id"]),
        )


@dataclass(frozen=True, slots=True)
class DayHours:
    """Other hours on one date, in place of the week's; without times the day is closed."""

    on_date: date
    start_time: time | None = None
    end_time: time | None = None
    id: UUID | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `availability_overrides`."""
        return cls(
            on_date=date.fromisoformat(row["on_date"]),
            start_time=maybe(clock_time, row["start_time"]),
            end_time=maybe(clock_time, row["end_time"]),
            id=UUID(row["id"]),
        )


@dataclass(frozen=True, slots=True)
class BookingTerms:
    """How a mentor can be booked. Numbers are minutes unless named otherwise; None is no limit."""

    time_zone: str = "UTC"
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    minimum_notice_minutes: int = 0
    window_days: int | None = None
    step_minutes: int = 30
    max_sessions_per_day: int | None = None
    max_sessions_per_week: int | None = None
    max_sessions_per_month: int | None = None
    max_minutes_per_day: int | None = None
    max_minutes_per_week: int | None = None
    max_minutes_per_month: int | None = None
    pending_policy: PendingPolicy = PendingPolicy.OPEN
    hold_minutes: int = 60

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `booking_terms`."""
        values = {name: row[name] for name in cls.__slots__}
        return cls(**{**values, "pending_policy": PendingPolicy(row["pending_policy"])})


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a session can be booked."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `available_slots`."""
        return cls(moment(row["starts_at"]), moment(row["ends_at"]))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A slot of some mentor, and why it may please."""

    mentor_id: UUID
    mentor_name: str
    rating: float | None
    starts_at: datetime
    ends_at: datetime
    preferred: bool
    """Whether it lies in the hours that were preferred."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `suggest_slots`."""
        return cls(
            mentor_id=UUID(row["mentor_id"]),
            mentor_name=row["mentor_name"],
            rating=maybe(float, row["rating"]),
            starts_at=moment(row["starts_at"]),
            ends_at=moment(row["ends_at"]),
            preferred=row["preferred"],
        )


@dataclass(frozen=True, slots=True)
class Blocked:
    """A stretch in which a session cannot start, and why: closed, booked, buffer, notice, window,
    cap, or yours (your own sessions)."""

    from_time: datetime
    to_time: datetime
    reason: str

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `explain_day`."""
        return cls(moment(row["from_time"]), moment(row["to_time"]), row["reason"])


def clock_time(text: Any) -> time:
    """A time of day; midnight at the end of a day is `time.max`."""
    return time.max if str(text).startswith("24:") else time.fromisoformat(text)


def clock_text(value: time) -> str:
    """The time of day as the database wants it."""
    return "24:00" if value == time.max else value.isoformat()
