"""The values of what people answer: many requests at once, another time, a rating."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment
from mentorkit.models import Request, Session


class ProposalStatus(StrEnum):
    """Where a proposal of another time stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    COUNTERED = "countered"
    LAPSED = "lapsed"


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
