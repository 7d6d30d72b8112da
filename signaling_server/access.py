"""May this person be in this room, and until when: the database decides, as the caller."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from signaling_server.errors import Refused
from signaling_server.supabase import Supabase, Unavailable
from signaling_server.tokens import Caller

_ROOM = re.compile(r"room-[a-z0-9]{8}")
_NO = frozenset({"unknown_room", "not_a_participant", "too_early", "session_over"})


@dataclass(frozen=True, slots=True)
class Admission:
    """What the database said about one person and one room it lets them into."""

    room: str
    session: str
    name: str
    role: str
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """Asks `room_access`; everything but a clear yes is a refusal."""

    supabase: Supabase

    async def ask(self, caller: Caller, room: str) -> Admission:
        """Admit or raise Refused; `unavailable` when the database gave no decision."""
        if _ROOM.fullmatch(room) is None:
            raise Refused("unknown_room")
        try:
            answer = await self.supabase.room_access(caller.token, room)
        except Unavailable as exc:
            raise Refused("unavailable") from exc
        if answer.status in (401, 403):
            raise Refused("unauthorized")
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise Refused("unavailable")
        return _admission(answer.body, caller, room)


def _admission(said: dict[str, Any], caller: Caller, room: str) -> Admission:
    code = said.get("code")
    if said.get("may_join") is not True:
        raise Refused(code if code in _NO else "unavailable")
    closes_at = _time(said.get("closes_at"))
    if said.get("user_id") != caller.user or said.get("room_id") != room or closes_at is None:
        raise Refused("unavailable")
    if said.get("session_status") in ("cancelled", "completed"):
        raise Refused("session_over")
    return Admission(
        room=room,
        session=str(said.get("session_id")),
        name=str(said.get("name") or "")[:120],
        role=str(said.get("role") or ""),
        closes_at=closes_at,
    )


def _time(text: Any) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return value.astimezone(UTC) if value.tzinfo is not None else None
