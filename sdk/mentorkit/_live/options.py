"""What can be set about the realtime connection, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mentorkit._live.feed import Via


class ConnectionStatus(StrEnum):
    """How the realtime connection is."""

    IDLE = "idle"
    """Nobody watches, so there is none."""
    CONNECTING = "connecting"
    LIVE = "live"
    """Changes arrive as they happen."""
    WAITING = "waiting"
    """The last try failed; the next one comes by itself."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How the realtime connection behaves; times are in seconds."""

    heartbeat: float = 25.0
    """How often the server is asked whether it is there: a connection that was cut silently is
    noticed after this time plus `patience`."""
    patience: float = 10.0
    """How long the server may take to answer a join or a heartbeat."""
    longest_pause: float = 30.0
    """Between two tries to reconnect; pauses double up to here, for as long as it takes."""
    via: Via = Via.CHANGES
    """How changes travel; the iterators are the same."""
