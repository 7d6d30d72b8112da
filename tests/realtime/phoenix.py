"""A bare client of the protocol: sends frames and keeps every answer, in both versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.stack import StackEnv


@dataclass(frozen=True)
class Frame:
    """What the server sent; `join_ref` is None in version 1."""

    topic: str
    event: str
    payload: Any
    ref: str | None = None
    join_ref: str | None = None


class Phoenix:
    """One socket."""

    def __init__(self, socket: ClientConnection, version: str) -> None:
        self.socket = socket
        self.version = version
        self.unread: list[Frame] = []
        self._ref = 0

    async def send(
        self, topic: str, event: str, payload: Any = None, join_ref: str | None = "1"
    ) -> str:
        """Send one message; its ref."""
        self._ref += 1
        ref = str(self._ref)
        payload = {} if payload is None else payload
        if self.version == "2.0.0":
            message: Any = [join_ref, ref, topic, event, payload]
        else:
            message = {"topic": topic, "event": event, "payload": payload, "ref": ref}
            message["join_ref"] = join_ref
        await self.socket.send(json.dumps(message))
        return ref

    async def join(self, topic: str, token: str | None = None, **config: Any) -> Frame:
        """Join with this config; the reply."""
        payload: dict[str, Any] = {"config": config}
        if token is not None:
            payload["access_token"] = token
        ref = await self.send(topic, "phx_join", payload)
        return await self.reply(ref)

    async def ask(self, topic: str, event: str, payload: Any = None) -> dict[str, Any]:
        """Send a message and wait for its reply: status and response."""
        answer: dict[str, Any] = (await self.reply(await self.send(topic, event, payload))).payload
        return answer

    async def reply(self, ref: str) -> Frame:
        return await self.expect(lambda frame: frame.event == "phx_reply" and frame.ref == ref)

    async def event(self, name: str, topic: str | None = None) -> Frame:
        """The next unread frame of this event."""
        return await self.expect(lambda frame: frame.event == name and topic in (None, frame.topic))

    async def expect(self, wanted: Callable[[Frame], bool], within: float = 5.0) -> Frame:
        """The first unread frame that is wanted; the others stay unread."""
        for frame in self.unread:
            if wanted(frame):
                self.unread.remove(frame)
                return frame
        async with asyncio.timeout(within):
            while True:
                frame = self.read(await self.socket.recv())
                if wanted(frame):
                    return frame
                self.unread.append(frame)

    def read(self, data: str | bytes) -> Frame:
        if isinstance(data, bytes):
            topic_size, event_size, meta_size, encoding = data[1:5]
            parts, at = [], 5
            for length in (topic_size, event_size, meta_size):
                parts.append(data[at : at + length])
                at += length
            payload: dict[str, Any] = {"type": "broadcast", "event": parts[1].decode()}
            payload["payload"] = json.loads(data[at:]) if encoding == 1 else data[at:]
            if parts[2]:
                payload["meta"] = json.loads(parts[2])
            return Frame(parts[0].decode(), "broadcast", payload)
        message = json.loads(data)
        if self.version == "2.0.0":
            join_ref, ref, topic, event, body = message
            return Frame(topic, event, body, ref, join_ref)
        assert set(message) == {"topic", "event", "payload", "ref"}
        return Frame(**message)

    async def nothing_more(self, topic: str = "phoenix") -> list[Frame]:
        """Everything that came before the answer to a heartbeat sent now."""
        ref = await self.send(topic, "heartbeat", join_ref=None)
        await self.reply(ref)
        unread, self.unread = self.unread, []
        return unread

    async def closed(self, within: float = 5.0) -> tuple[int | None, str]:
        """Wait until the server closes; code and reason."""
        async with asyncio.timeout(within):
            try:
                while True:
                    self.unread.append(self.read(await self.socket.recv()))
            except ConnectionClosed:
                return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def phoenix(
    stack: StackEnv, version: str = "2.0.0", key: str | None = None, **options: Any
) -> AsyncIterator[Phoenix]:
    """A connected socket; with the publishable key when none is given."""
    base = stack.supabase_url.replace("http", "ws", 1)
    address = f"{base}/realtime/v1/websocket?apikey={key or stack.publishable_key}&vsn={version}"
    async with connect(address, max_size=None, **options) as socket:
        yield Phoenix(socket, version)
