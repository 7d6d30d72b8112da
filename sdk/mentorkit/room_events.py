"""What happens in a room, and who is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else in the room."""

    peer: str
    name: str | None
    role: str | None
    polite: bool
    """Whether you are the polite one towards them: of two offers at once, yours gives way."""

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Self:
        """From what the signaling server tells of somebody."""
        return cls(told["peer"], told.get("name"), told.get("role"), bool(told.get("polite")))


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """Somebody came in. You were there first, so you make the first offer."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """Somebody went: left, lost, replaced, session_over, token_expired."""

    peer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What a peer sent: a description or a candidate; a candidate of None ends them."""

    sender: str
    description: dict[str, Any] | None = field(default=None, hash=False)
    candidate: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The room is closed for you; nothing comes after this."""

    reason: str


RoomEvent = PeerJoined | PeerLeft | Signal | RoomClosed
