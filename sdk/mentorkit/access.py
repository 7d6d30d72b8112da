"""Whether somebody may enter a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from mentorkit._rows import maybe, moment
from mentorkit.models import Role, SessionStatus


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """Whether somebody may enter a room, and when. `code` says why not."""

    room_id: str
    may_join: bool
    code: str | None
    """unknown_room, not_a_participant, too_early, session_over, or None."""
    session_id: UUID | None
    name: str | None
    role: Role | None
    opens_at: datetime | None
    closes_at: datetime | None
    session_status: SessionStatus | None

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """From the answer of `room_access`."""
        return cls(
            room_id=row["room_id"],
            may_join=row["may_join"],
            code=row.get("code"),
            session_id=maybe(UUID, row.get("session_id")),
            name=row.get("name"),
            role=maybe(Role, row.get("role")),
            opens_at=maybe(moment, row.get("opens_at")),
            closes_at=maybe(moment, row.get("closes_at")),
            session_status=maybe(SessionStatus, row.get("session_status")),
        )
