"""For uvicorn: its own websocket protocol, with cheaper ways in and out.

    uvicorn signaling_server.asgi:app --ws signaling_server.uvicorn_websocket:LeanWebSocket

Parsing, bounds and flow control are uvicorn's, and the application sees plain ASGI. What differs:
frames written in one turn of the loop leave in one piece, where uvicorn gives each of them to the
kernel (half of the time, when a client sends several signals in a row); reading is paused only for
an application that has not taken a message by the end of the turn, where uvicorn pauses and resumes
for each (two system calls); and messages wait in a queue that does not ask for the running loop,
which before Python 3.12 is a system call.
"""

import asyncio
from collections import deque
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class LeanWebSocket(WebSocketsSansIOProtocol):
    """One client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It takes the place of an asyncio.Queue, of which three methods are used.
        self.queue = cast("Any", Queue(self.loop))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(Gathering(cast("asyncio.Transport", transport), self.loop))


class Queue:
    """Messages to the application, which alone takes them out."""

    __slots__ = ("_loop", "_messages", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._messages: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if (waiting := self._waiting) is not None:
            self._waiting = None
            if not waiting.done():
                waiting.set_result(None)

    def empty(self) -> bool:
        return not self._messages

    async def get(self) -> Any:
        while not self._messages:
            self._waiting = self._loop.create_future()
            await self._waiting
        return self._messages.popleft()


class Gathering(asyncio.Transport):
    """A transport that writes and pauses at the end of the turn, and writes before it closes."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[Any] = []
        self._wants_pause = False
        self._settles = False
        self._paused = False

    def write(self, data: Any) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._parts = []
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._wants_pause = True
        if not self._settles:
            self._settles = True
            # behind the application's own wake-up, which the message before this has scheduled
            self._loop.call_soon(self._settle)

    def resume_reading(self) -> None:
        self._wants_pause = False
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _settle(self) -> None:
        self._settles = False
        if self._wants_pause and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))
