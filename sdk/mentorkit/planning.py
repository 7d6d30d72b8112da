"""The values of free time and planning: hours, slots, proposals, ratings, templates, series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment
from mentorkit.models import Request, Session


class PendingPolicy(StrEnum):
    """What a pending request does to its time."""

    OPEN = "open"
    """Nothing: several may ask for the same hour, the first approved gets it."""
    HOLD = "hold"
    """It holds its time for `hold_minutes`."""


class ProposalStatus(StrEnum):
    """Where a proposal of another time stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    COUNTERED = "countered"
    LAPSED = "lapsed"


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


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one request in a bulk answer: done, or refused with a code."""

    request_id: UUID
    ok: bool
    session: Session | None
    request: Request | None
    code: str | None
    message: str | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From one entry of `approve_requests` or `reject_requests`."""
        return cls(
            request_id=UUID(row["request_id"]),
            ok=row["ok"],
            session=maybe(Session.from_row, row.get("session")),
            request=maybe(Request.from_row, row.get("request")),
            code=row.get("code"),
            message=row.get("message"),
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another time proposed for a session; the session stays where it is until it is accepted."""

    id: UUID
    session_id: UUID
    proposed_by: UUID
    previous_time: datetime
    scheduled_time: datetime
    duration: int
    message: str | None
    status: ProposalStatus
    reason: str | None
    expires_at: datetime
    created_at: datetime
    batch_id: UUID | None
    """What proposals for several sessions of a series share."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `reschedule_proposals`."""
        return cls(
            id=UUID(row["id"]),
            session_id=UUID(row["session_id"]),
            proposed_by=UUID(row["proposed_by"]),
            previous_time=moment(row["previous_time"]),
            scheduled_time=moment(row["scheduled_time"]),
            duration=row["duration"],
            message=row["message"],
            status=ProposalStatus(row["status"]),
            reason=row["reason"],
            expires_at=moment(row["expires_at"]),
            created_at=moment(row["created_at"]),
            batch_id=maybe(UUID, row["batch_id"]),
        )


@dataclass(frozen=True, slots=True)
class Rating:
    """What one of the two gave the other after a session: 1 to 5."""

    session_id: UUID
    rater_id: UUID
    rated_id: UUID
    rating: int
    comment: str | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_ratings`."""
        return cls(
            session_id=UUID(row["session_id"]),
            rater_id=UUID(row["rater_id"]),
            rated_id=UUID(row["rated_id"]),
            rating=row["rating"],
            comment=row["comment"],
            created_at=moment(row["created_at"]),
        )


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


def clock_time(text: Any) -> time:
    """A time of day; midnight at the end of a day is `time.max`."""
    return time.max if str(text).startswith("24:") else time.fromisoformat(text)


def clock_text(value: time) -> str:
    """The time of day as the database wants it."""
    return "24:00" if value == time.max else value.isoformat()
