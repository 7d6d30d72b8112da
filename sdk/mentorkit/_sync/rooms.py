"""Joining a room without `async`: the async peer, run on the client's loop. Written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from mentorkit._calls import function, nothing
from mentorkit._clock import AsyncClock, SyncClock
from mentorkit._sync.auth import Auth
from mentorkit._sync.live import Live, Loop
from mentorkit._sync.transport import Transport
from mentorkit.access import RoomAccess
from mentorkit.room_events import RoomEvent
from mentorkit.rooms import AsyncRoom


class Room:
    """Your place in a room. Iterate it for what happens; `with` leaves at the end."""

    def __init__(self, loop: Loop, room: AsyncRoom) -> None:
        self._loop = loop
        self._room = room

    def __getattr__(self, name: str) -> Any:
        """What is known of the room: peer, peers, role, session_id, ice_servers, expires_at."""
        return getattr(self._room, name)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RoomEvent:
        try:
            return self._loop.call(self._room.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def next(self, *, timeout: float | None = None) -> RoomEvent:
        """What happens next. Raises TimeoutError when nothing does for `timeout` seconds."""
        return self._loop.call(self._room.next(timeout=timeout))

    def signal(
        self,
        to: str,
        *,
        description: Mapping[str, Any] | None = None,
        candidate: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a peer a description or a candidate; neither ends the candidates."""
        self._loop.call(self._room.signal(to, description=description, candidate=candidate))

    def leave(self) -> None:
        """Go. Leaving twice does nothing."""
        if not self._loop.closed:
            self._loop.call(self._room.leave())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()


class Rooms:
    """Joining the room of a session. Reached as `client.rooms`."""

    def __init__(self, transport: Transport, auth: Auth, clock: SyncClock, live: Live) -> None:
        self._transport = transport
        self._auth = auth
        self._live = live

    def access(self, room_id: str) -> RoomAccess:
        """Whether you may enter that room now, and until when. Never raises for a strange room."""
        return self._transport.run(
            function("room_access", {"room_id": room_id}, RoomAccess.from_row, safe=True)
        )

    def record_arrival(self, room_id: str) -> None:
        """Say that you came to the session of that room; who never did may be a no-show.

        The signaling server says it for everybody who joins through it.
        """
        self._transport.run(function("record_arrival", {"room_id": room_id}, nothing, safe=True))

    def join(self, room_id: str, *, signaling_url: str, patience: float = 10.0) -> Room:
        """Enter a room as a peer written in Python; signaling only.

        Raises `RoomRefused` (unknown_room, not_a_participant, too_early, session_over, room_full,
        unauthorized), `Unavailable`. Needs the extra `rooms`.
        """
        loop = self._live.loop()

        async def token() -> str:
            return await asyncio.to_thread(self._auth.access_token)

        async def enter() -> AsyncRoom:
            return await AsyncRoom(room_id, signaling_url, token, AsyncClock(), patience).enter()

        return Room(loop, loop.call(enter()))
