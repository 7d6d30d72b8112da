"""A room's signaling, for peers written in Python: bots, recorders, tests.

Signaling only: descriptions and candidates go through here, media does not. `examples/bot.py`
answers a call with `aiortc`. Needs `pip install 'mentorkit[rooms]'`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from mentorkit._clock import AsyncClock
from mentorkit._rows import moment
from mentorkit._token import refresh_due
from mentorkit.errors import Closed, MentorkitError, RoomRefused, TooSlow, Unavailable
from mentorkit.room_events import Peer, PeerJoined, PeerLeft, RoomClosed, RoomEvent, Signal

log = logging.getLogger("mentorkit")

BUFFER = 1000


class AsyncRoom:
    """Your place in a room. Iterate it for what happens; `async with` leaves at the end.

    A connection that breaks is made again and the place resumed; signals sent meanwhile are
    delivered then. The access token is renewed while you are in.
    """

    def __init__(
        self,
        room: str,
        url: str,
        token: Callable[[], Awaitable[str]],
        clock: AsyncClock,
        patience: float,
    ) -> None:
        self.room = room
        self.peer = ""
        self.role = ""
        self.session_id = ""
        self.peers: dict[str, Peer] = {}
        self.ice_servers: list[dict[str, Any]] = []
        self.expires_at: datetime | None = None
        self._url = url
        self._token = token
        self._clock = clock
        self._patience = patience
        self._events: asyncio.Queue[RoomEvent | MentorkitError] = asyncio.Queue()
        self._resume: dict[str, Any] | None = None
        self._refusal: MentorkitError | None = None
        self._over = False
        self._tasks: set[asyncio.Task[None]] = set()
        # A session of our own, because Socket.IO leaves its own open when it is refused.
        self._http, self._socket = _socket()
        self._socket.on("signal", self._on_signal)
        self._socket.on("peer-joined", self._on_joined)
        self._socket.on("peer-left", self._on_left)
        self._socket.on("room-closed", self._on_closed)
        self._socket.on("connect", self._on_connect)
        self._socket.on("connect_error", self._on_connect_error)

    async def enter(self) -> Self:
        """Connect and join. Raises `RoomRefused` with the server's code, or `Unavailable`."""
        try:
            await self._token()  # a missing sign-in is told here, in its own words
        except MentorkitError:
            await self._end()
            raise
        try:
            await self._socket.connect(
                self._url,
                auth=self._auth,
                transports=["websocket"],
                wait_timeout=self._patience,
            )
        except Exception as fault:
            await self._end()
            raise self._refusal or Unavailable(
                f"The signaling server at {self._url} cannot be reached ({fault})."
            ) from fault
        try:
            await self._join()
        except BaseException:
            await self.leave()
            raise
        self._spawn(self._renew())
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RoomEvent:
        if self._over and self._events.empty():
            raise StopAsyncIteration
        event = await self._events.get()
        if isinstance(event, Closed):
            raise StopAsyncIteration
        if isinstance(event, MentorkitError):
            raise event
        return event

    async def next(self, *, timeout: float | None = None) -> RoomEvent:  # noqa: ASYNC109 - as of watches
        """What happens next. Raises TimeoutError when nothing does for `timeout` seconds."""
        async with asyncio.timeout(timeout):
            return await anext(self)

    async def signal(
        self,
        to: str,
        *,
        description: Mapping[str, Any] | None = None,
        candidate: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a peer a description or a candidate; neither ends the candidates.

        Raises `RoomRefused` (unknown_peer, rate_limited, ...).
        """
        what: dict[str, Any] = (
            {"description": dict(description)}
            if description is not None
            else {"candidate": None if candidate is None else dict(candidate)}
        )
        await self._ask("signal", {"to": to, **what})

    async def leave(self) -> None:
        """Go. Leaving twice does nothing."""
        if self._socket.connected:
            try:
                await self._ask("leave", {})
            except (RoomRefused, Unavailable) as fault:
                log.debug("Leaving %s: %s", self.room, fault)
        await self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.leave()

    async def _auth(self) -> dict[str, str]:
        return {"token": await self._token()}

    async def _join(self) -> None:
        asked: dict[str, Any] = {"room": self.room}
        if self._resume is not None:
            asked["resume"] = self._resume
        answer = await self._ask("join", asked)
        self.peer = answer["peer"]
        self.role = answer.get("role") or ""
        self.session_id = answer.get("session") or ""
        self.ice_servers = list(answer.get("iceServers") or [])
        self.expires_at = moment(answer["expiresAt"]) if answer.get("expiresAt") else None
        resume = answer.get("resume")
        seen = (self._resume or {}).get("seen", 0) if answer.get("resumed") else 0
        self._resume = None if resume is None else {**resume, "seen": seen}
        now = {told["peer"]: Peer.from_told(told) for told in answer.get("peers") or []}
        first = not self.peers and not answer.get("resumed")
        for gone in self.peers.keys() - now.keys():
            self._put(PeerLeft(gone, "lost"))
        if not first:
            for come in now.keys() - self.peers.keys():
                self._put(PeerJoined(now[come]))
        self.peers = now

    async def _ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._socket.call(event, payload, timeout=self._patience)
        except Exception as fault:
            why = str(fault) or type(fault).__name__
            raise Unavailable(f"The signaling server did not answer {event} ({why}).") from fault
        answer = answer if isinstance(answer, dict) else {}
        if error := answer.get("error"):
            raise RoomRefused(str(error.get("message")), code=str(error.get("code")))
        return answer

    async def _renew(self) -> None:
        while True:
            due = refresh_due(await self._token())
            wait = 3600.0 if due is None else due - self._clock.wall()
            await self._clock.sleep(max(1.0, wait) + 0.5)
            try:
                await self._ask("access_token", {"token": await self._token()})
            except MentorkitError as fault:
                log.info("Room %s: the token was not renewed (%s).", self.room, fault)

    def _on_connect(self) -> None:
        if self._resume is not None and not self._over:
            self._spawn(self._rejoin())

    async def _rejoin(self) -> None:
        try:
            await self._join()
        except MentorkitError as fault:
            self._events.put_nowait(fault)
            self._over = True

    def _on_connect_error(self, data: Any) -> None:
        if isinstance(data, dict) and "data" in data and isinstance(data["data"], dict):
            data = data["data"]
        if isinstance(data, dict) and data.get("code"):
            self._refusal = RoomRefused(str(data.get("message")), code=str(data["code"]))
        elif isinstance(data, dict) and data.get("message"):
            self._refusal = RoomRefused(str(data["message"]), code=str(data["message"]))

    def _on_signal(self, told: dict[str, Any]) -> None:
        if self._resume is not None and isinstance(told.get("seq"), int):
            self._resume["seen"] = max(self._resume.get("seen", 0), told["seq"])
        self._put(Signal(told["from"], told.get("description"), told.get("candidate")))

    def _on_joined(self, told: dict[str, Any]) -> None:
        peer = Peer.from_told(told)
        self.peers[peer.peer] = peer
        self._put(PeerJoined(peer))

    def _on_left(self, told: dict[str, Any]) -> None:
        self.peers.pop(told["peer"], None)
        self._put(PeerLeft(told["peer"], str(told.get("reason"))))

    def _on_closed(self, told: dict[str, Any]) -> None:
        self._put(RoomClosed(str(told.get("reason"))))
        self._over = True
        self._spawn(self._disconnect())

    def _put(self, event: RoomEvent) -> None:
        if self._events.qsize() >= BUFFER:
            self._events = asyncio.Queue()
            self._events.put_nowait(TooSlow("More happened in the room than was taken."))
            self._over = True
            return
        self._events.put_nowait(event)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work, name=f"mentorkit room {self.room}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _disconnect(self) -> None:
        self._resume = None
        await self._socket.shutdown()

    async def _end(self) -> None:
        self._over = True
        self._events.put_nowait(Closed("You left."))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disconnect()
        await self._http.close()


def _socket() -> tuple[Any, Any]:
    try:
        import aiohttp
        import socketio
    except ImportError as missing:
        raise RuntimeError("Rooms need an extra: pip install 'mentorkit[rooms]'") from missing
    http = aiohttp.ClientSession()
    client = socketio.AsyncClient(
        http_session=http, reconnection_delay=0.5, reconnection_delay_max=10
    )
    return http, client
