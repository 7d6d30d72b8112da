"""The values of what repeats: types of sessions, and series of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment


class Frequency(StrEnum):
    """How a series repeats."""

    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY_BY_DATE = "monthly_by_date"
    """The same day of the month; in a month without it, the last day."""
    MONTHLY_BY_WEEKDAY = "monthly_by_weekday"
    """The same weekday of the month, for example the second Tuesday."""


class Scope(StrEnum):
    """How much of a series is meant."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Template:
    """A type of session that a mentor offers. Buffers of None are those of the booking terms."""

    id: UUID
    mentor_id: UUID
    subject_id: UUID
    title: str
    description: str | None
    duration: int
    buffer_before_minutes: int | None
    buffer_after_minutes: int | None
    is_offered: bool

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_templates`."""
        return cls(
            id=UUID(row["id"]),
            mentor_id=UUID(row["mentor_id"]),
            subject_id=UUID(row["subject_id"]),
            title=row["title"],
            description=row["description"],
            duration=row["duration"],
            buffer_before_minutes=row["buffer_before_minutes"],
            buffer_after_minutes=row["buffer_after_minutes"],
            is_offered=row["is_offered"],
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date that a series would have."""

    series_index: int
    starts_at: datetime
    ends_at: datetime
    is_free: bool
    reason: str | None
    alternative: datetime | None
    """The nearest free start, when this one is not."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `preview_series`."""
        return cls(
            series_index=row["series_index"],
            starts_at=moment(row["starts_at"]),
            ends_at=moment(row["ends_at"]),
            is_free=row["is_free"],
            reason=row["reason"],
            alternative=maybe(moment, row["alternative"]),
        )


@dataclass(frozen=True, slots=True)
class Series:
    """Sessions that repeat at a local time of a zone."""

    id: UUID
    student_id: UUID
    mentor_id: UUID
    subject_id: UUID
    title: str
    frequency: Frequency
    time_zone: str
    first_time: datetime
    """Local to `time_zone`, therefore without an offset: its instants follow the zone's rules."""
    duration: int
    occurrences: int

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_series`."""
        return cls(
            id=UUID(row["id"]),
            student_id=UUID(row["student_id"]),
            mentor_id=UUID(row["mentor_id"]),
            subject_id=UUID(row["subject_id"]),
            title=row["title"],
            frequency=Frequency(row["frequency"]),
            time_zone=row["time_zone"],
            first_time=datetime.fromisoformat(row["first_time"]),
            duration=row["duration"],
            occurrences=row["occurrences"],
        )
