"""Joining the room of a session."""

from __future__ import annotations

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.live import AsyncLive
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import function, nothing
from mentorkit._clock import AsyncClock
from mentorkit.access import RoomAccess
from mentorkit.rooms import AsyncRoom


class AsyncRooms:
    """Joining the room of a session. Reached as `client.rooms`."""

    def __init__(
        self, transport: AsyncTransport, auth: AsyncAuth, clock: AsyncClock, live: AsyncLive
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._clock = clock

    async def access(self, room_id: str) -> RoomAccess:
        """Whether you may enter that room now, and until when. Never raises for a strange room."""
        return await self._transport.run(
            function("room_access", {"room_id": room_id}, RoomAccess.from_row, safe=True)
        )

    async def record_arrival(self, room_id: str) -> None:
        """Say that you came to the session of that room; who never did may be a no-show.

        The signaling server says it for everybody who joins through it.
        """
        await self._transport.run(
            function("record_arrival", {"room_id": room_id}, nothing, safe=True)
        )

    async def join(self, room_id: str, *, signaling_url: str, patience: float = 10.0) -> AsyncRoom:
        """Enter a room as a peer written in Python; signaling only.

        Raises `RoomRefused` (unknown_room, not_a_participant, too_early, session_over, room_full,
        unauthorized), `Unavailable`. Needs the extra `rooms`.
        """
        room = AsyncRoom(room_id, signaling_url, self._auth.access_token, self._clock, patience)
        return await room.enter()
