"""One claimed delivery: a notice, for one person, by one channel, with all a letter has to say.

The shape comes from the database function `claim_deliveries`; nothing else builds these but tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from functions.quiet_hours import QuietHours

Channel = Literal["mail", "push", "webhook"]
Row = Mapping[str, Any]

CALENDAR_UID_DOMAIN = "mentorkit"


@dataclass(frozen=True)
class Recipient:
    """The person a delivery is for."""

    id: UUID
    name: str
    email: str = ""
    locale: str = "en"
    time_zone: str = "UTC"
    quiet_from: time | None = None
    quiet_until: time | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=UUID(row["id"]),
            name=row.get("name") or "",
            email=row.get("email") or "",
            locale=row.get("locale") or "en",
            time_zone=known_zone(row.get("time_zone")),
            quiet_from=_time(row.get("quiet_from")),
            quiet_until=_time(row.get("quiet_until")),
        )

    def quiet_hours(self) -> QuietHours | None:
        """This person's quiet hours, in their own zone; None when they set none."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return QuietHours(self.quiet_from, self.quiet_until, ZoneInfo(self.time_zone))


@dataclass(frozen=True)
class Booking:
    """What a notice is about: the session, or the request as long as there is none."""

    id: UUID
    """Of the request when there is one: it stays the same when a session comes of it."""
    title: str
    status: str
    start: datetime
    end: datetime
    duration: int
    mentor_id: UUID
    student_id: UUID
    mentor_name: str
    student_name: str
    subject: str = ""
    description: str = ""
    room: str = ""
    reason: str = ""
    session_id: UUID | None = None
    changed_at: datetime | None = None
    sequence: int = 0
    series_uid: str = ""
    """UID of the series an occurrence belongs to; `planned` is where the series puts it."""
    planned: datetime | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=UUID(row["id"]),
            title=row["title"],
            status=row["status"],
            start=moment(row["start"]),
            end=moment(row["end"]),
            duration=row["duration"],
            mentor_id=UUID(row["mentor_id"]),
            student_id=UUID(row["student_id"]),
            mentor_name=row.get("mentor_name") or "",
            student_name=row.get("student_name") or "",
            subject=row.get("subject") or "",
            description=row.get("description") or "",
            room=row.get("room") or "",
            reason=row.get("reason") or "",
            session_id=_uuid(row.get("session_id")),
            changed_at=_moment(row.get("changed_at")),
            sequence=row.get("sequence") or 0,
            series_uid=row.get("series_uid") or "",
            planned=_moment(row.get("planned")),
        )

    @property
    def uid(self) -> str:
        """The calendar UID, the same from the first request to the last change."""
        return f"{self.series_uid or self.id}@{CALENDAR_UID_DOMAIN}"

    @property
    def calendar_status(self) -> Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]:
        """What a calendar should show for the state the booking is in now."""
        if self.status == "pending":
            return "TENTATIVE"
        if self.session_id is not None and self.status != "cancelled":
            return "CONFIRMED"
        return "CANCELLED"

    def other_name(self, person: UUID) -> str:
        """The name of the one who is not `person`."""
        return self.student_name if person == self.mentor_id else self.mentor_name


@dataclass(frozen=True)
class Delivery:
    """A claimed delivery. `claim` proves to the database that this worker still holds it."""

    id: UUID
    claim: UUID
    channel: Channel
    kind: str
    notice_id: UUID
    created_at: datetime
    recipient: Recipient
    attempts: int = 0
    """Failed attempts before this one."""
    booking: Booking | None = None
    payload: Row = field(default_factory=dict)
    answer_id: UUID | None = None
    answer_until: datetime | None = None
    target: Row = field(default_factory=dict)
    """Webhook: id, url, secret. Push: id, endpoint, p256dh, auth."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=UUID(row["id"]),
            claim=UUID(row["claim"]),
            channel=row["channel"],
            kind=row["kind"],
            notice_id=UUID(row["notice_id"]),
            created_at=moment(row["created_at"]),
            recipient=Recipient.from_row(row["recipient"]),
            attempts=row.get("attempts") or 0,
            booking=Booking.from_row(row["booking"]) if row.get("booking") else None,
            payload=row.get("payload") or {},
            answer_id=_uuid(row.get("answer_id")),
            answer_until=_moment(row.get("answer_until")),
            target=row.get("target") or {},
        )


def moment(text: str) -> datetime:
    """An instant as the database writes it; it always has an offset."""
    return datetime.fromisoformat(text)


def known_zone(name: str | None) -> str:
    """The zone's name when this machine knows it, else UTC."""
    try:
        return ZoneInfo(name or "UTC").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
