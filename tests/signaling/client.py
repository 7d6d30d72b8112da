"""A Socket.IO client that speaks in frames, so that a test may say anything and sees everything."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WITHIN = 20.0  # costs nothing while it works


class RefusedError(Exception):
    """An error the server answered."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.code = answer["code"]
        super().__init__(self.code)


class Client:
    """One socket. Events are kept in order; pings are answered unless `deaf`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.deaf = False
        self.frames: list[str] = []
        self.events: list[tuple[str, Any]] = []
        self.acks: dict[int, Any] = {}
        self.joined: dict[str, Any] = {}
        self.someone: Any = None
        self.closed = False
        self._changed = asyncio.Event()
        self._next = 0
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def connect(cls, url: str, **options: Any) -> Client:
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        return cls(await connect(address, compression=None, max_size=2**22, **options))

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed, OSError):
            async for data in self.socket:
                assert isinstance(data, str), "the server sends text only"
                await self._took(data)
        self.closed = True
        self._changed.set()

    async def _took(self, frame: str) -> None:
        self.frames.append(frame)
        if frame == "2" and not self.deaf:
            await self.socket.send("3")
        elif frame.startswith("42"):
            name, *rest = json.loads(frame[2:])
            self.events.append((name, rest[0] if rest else None))
        elif frame.startswith("43"):
            at = frame.index("[")
            self.acks[int(frame[2:at])] = json.loads(frame[at:])[0]
        self._changed.set()

    async def until(self, fact: Any, within: float = WITHIN) -> Any:
        """The first truthy answer of `fact()`, asked again whenever something comes in."""
        async with asyncio.timeout(within):
            while not (found := fact()):
                self._changed.clear()
                if self.closed:
                    raise AssertionError(f"closed while waiting; frames: {self.frames[-5:]}")
                await self._changed.wait()
            return found

    async def until_closed(self, within: float = WITHIN) -> int | None:
        """Wait for the end; answers the close code."""
        async with asyncio.timeout(within):
            await self._reading
        return self.socket.close_code

    async def raw(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def enter(self, auth: Any) -> None:
        """Socket.IO's CONNECT; raises RefusedError with the code."""
        await self.raw("40" + json.dumps(auth))
        answer = await self.until(
            lambda: next((f for f in self.frames if f.startswith(("40", "44"))), None)
        )
        if answer.startswith("44"):
            raise RefusedError(json.loads(answer[2:])["data"])

    async def call(self, name: str, *payload: Any) -> Any:
        """An event with its acknowledgement; raises RefusedError."""
        self._next += 1
        number = self._next
        await self.raw(f"42{number}" + json.dumps([name, *payload], separators=(",", ":")))
        answer = await self.until(lambda: self.acks.get(number) is not None and [self.acks[number]])
        if isinstance(answer[0], dict) and "error" in answer[0]:
            raise RefusedError(answer[0]["error"])
        return answer[0]

    async def join(self, room: str, **more: Any) -> dict[str, Any]:
        self.joined = await self.call("join", {"room": room} | more)
        return self.joined

    @property
    def peer(self) -> str:
        return str(self.joined["peer"])

    async def signal(self, to: Client, **payload: Any) -> Any:
        return await self.call("signal", {"to": to.peer} | payload)

    async def event(self, name: str, within: float = WITHIN) -> Any:
        """The next event of this name not asked for before."""

        def take() -> Any:
            for at, (found, payload) in enumerate(self.events):
                if found == name:
                    del self.events[at]
                    return [payload]
            return None

        return (await self.until(take, within))[0]

    def signals(self) -> list[dict[str, Any]]:
        return [payload for name, payload in self.events if name == "signal"]

    def vanish(self) -> None:
        """The network is gone: no goodbye of any kind."""
        self.socket.transport.abort()

    async def close(self) -> None:
        self.socket.transport.abort()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
