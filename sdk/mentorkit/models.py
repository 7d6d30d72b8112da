"""The values mentorkit gives: frozen, typed, every time with its zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment
from mentorkit.people import Person


class Role(StrEnum):
    """Which of the two people somebody is."""

    MENTOR = "mentor"
    STUDENT = "student"


class RequestStatus(StrEnum):
    """Where a request stands; only pending ones can still change."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Withdrawn by the student."""


class SessionStatus(StrEnum):
    """Where a session stands."""

    SCHEDULED = "scheduled"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class NoShow(StrEnum):
    """Who did not come."""

    MENTOR = "mentor"
    STUDENT = "student"
    BOTH = "both"


class NoticeKind(StrEnum):
    """What a notice tells. A newer database may send kinds that are not in this list."""

    REQUEST_CREATED = "request_created"
    REQUEST_APPROVED = "request_approved"
    REQUEST_REJECTED = "request_rejected"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_WITHDRAWN = "request_withdrawn"
    SESSION_CANCELLED = "session_cancelled"
    SESSION_RESCHEDULED = "session_rescheduled"
    SESSION_REMINDER = "session_reminder"
    RESCHEDULE_PROPOSED = "reschedule_proposed"
    RESCHEDULE_DECLINED = "reschedule_declined"
    RESCHEDULE_WITHDRAWN = "reschedule_withdrawn"
    RATING_OPEN = "rating_open"
    SESSION_RATED = "session_rated"


@dataclass(frozen=True, slots=True)
class Request:
    """A student's wish for a session. `duration` is in minutes.

    `student` and `mentor` are who the two are, in everything that is read or watched; None in the
    answer to a write, which tells the other one's id only, and where an account is gone.
    """

    id: UUID
    student_id: UUID
    mentor_id: UUID
    subject_id: UUID
    title: str
    description: str | None
    requested_time: datetime
    duration: int
    status: RequestStatus
    video_room_id: str | None
    rejection_reason: str | None
    rejection_code: str | None
    """"mentor" (they said no) or "slot_taken" (they approved another request for that time)."""
    created_at: datetime
    responded_at: datetime | None
    expires_at: datetime | None
    updated_at: datetime
    student: Person | None = None
    mentor: Person | None = None

    @property
    def end_time(self) -> datetime:
        """When the session would be over."""
        return self.requested_time + timedelta(minutes=self.duration)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_requests`."""
        created = moment(row["created_at"])
        responded = maybe(moment, row["responded_at"])
        return cls(
            id=UUID(row["id"]),
            student_id=UUID(row["student_id"]),
            mentor_id=UUID(row["mentor_id"]),
            subject_id=UUID(row["subject_id"]),
            title=row["title"],
            description=row["description"],
            requested_time=moment(row["requested_time"]),
            duration=row["duration"],
            status=RequestStatus(row["status"]),
            video_room_id=row["video_room_id"],
            rejection_reason=row["rejection_reason"],
            rejection_code=row.get("rejection_code"),
            created_at=created,
            responded_at=responded,
            expires_at=maybe(moment, row.get("expires_at")),
            updated_at=maybe(moment, row.get("updated_at")) or responded or created,
            student=maybe(Person.from_row, row.get("student")),
            mentor=maybe(Person.from_row, row.get("mentor")),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A meeting of a mentor and a student. `duration` is in minutes.

    `student` and `mentor` are as in `Request`.
    """

    id: UUID
    request_id: UUID | None
    mentor_id: UUID
    student_id: UUID
    subject_id: UUID | None
    title: str
    description: str | None
    scheduled_time: datetime
    duration: int
    status: SessionStatus
    video_room_id: str | None
    mentor_approved: bool
    mentor_response_at: datetime | None
    cancelled_by: UUID | None
    cancel_reason: str | None
    no_show: NoShow | None
    pre_session_notes: str | None
    post_session_notes: str | None
    created_at: datetime
    updated_at: datetime
    student: Person | None = None
    mentor: Person | None = None

    @property
    def end_time(self) -> datetime:
        """When it is over."""
        return self.scheduled_time + timedelta(minutes=self.duration)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `sessions`."""
        return cls(
            id=UUID(row["id"]),
            request_id=maybe(UUID, row["request_id"]),
            mentor_id=UUID(row["mentor_id"]),
            student_id=UUID(row["student_id"]),
            subject_id=maybe(UUID, row["subject_id"]),
            title=row["title"],
            description=row["description"],
            scheduled_time=moment(row["scheduled_time"]),
            duration=row["duration"],
            status=SessionStatus(row["status"]),
            video_room_id=row["video_room_id"],
            mentor_approved=row["mentor_approved"],
            mentor_response_at=maybe(moment, row["mentor_response_at"]),
            cancelled_by=maybe(UUID, row.get("cancelled_by")),
            cancel_reason=row.get("cancel_reason"),
            no_show=maybe(NoShow, row.get("no_show")),
            pre_session_notes=row.get("pre_session_notes"),
            post_session_notes=row.get("post_session_notes"),
            created_at=moment(row["created_at"]),
            updated_at=moment(row["updated_at"]),
            student=maybe(Person.from_row, row.get("student")),
            mentor=maybe(Person.from_row, row.get("mentor")),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request or a session. Events are added and never change."""

    id: int
    request_id: UUID | None
    session_id: UUID | None
    actor_id: UUID | None
    """Who did it; None for the database itself."""
    kind: str
    created_at: datetime
    detail: dict[str, Any] = field(hash=False)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_events`."""
        return cls(
            id=row["id"],
            request_id=maybe(UUID, row["request_id"]),
            session_id=maybe(UUID, row["session_id"]),
            actor_id=maybe(UUID, row["actor_id"]),
            kind=row["kind"],
            created_at=moment(row["created_at"]),
            detail=row["detail"] or {},
        )


@dataclass(frozen=True, slots=True)
class Reminder:
    """When you are reminded of a session. Moving the session plans them anew."""

    id: UUID
    session_id: UUID
    reminder_time: datetime
    sent: bool
    closed_at: datetime | None
    """When it was told, or passed over because it came too late."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `session_reminders`."""
        return cls(
            id=UUID(row["id"]),
            session_id=UUID(row["session_id"]),
            reminder_time=moment(row["reminder_time"]),
            sent=row["sent"],
            closed_at=maybe(moment, row["closed_at"]),
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a user was told. Kept as a row: who was away reads it later."""

    id: UUID
    recipient_id: UUID
    kind: str
    """A `NoticeKind`, or the text of a kind that is newer than this version."""
    request_id: UUID | None
    session_id: UUID | None
    created_at: datetime
    read_at: datetime | None
    updated_at: datetime
    payload: dict[str, Any] = field(hash=False)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `notifications`."""
        created = moment(row["created_at"])
        read = maybe(moment, row["read_at"])
        return cls(
            id=UUID(row["id"]),
            recipient_id=UUID(row["recipient_id"]),
            kind=row["kind"],
            request_id=maybe(UUID, row["request_id"]),
            session_id=maybe(UUID, row["session_id"]),
            created_at=created,
            read_at=read,
            updated_at=maybe(moment, row.get("updated_at")) or read or created,
            payload=row["payload"] or {},
        )
