"""One WebSocket: reads messages, hands them to channels, writes what the channels send."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect

from .admission import JoinRefused, admit
from .channel import Channel
from .frames import BadFrame, Incoming, Version, decode, dumps, encode
from .handling import handle
from .service import Service

log = logging.getLogger(__name__)

MAX_CHANNELS = 100
MAX_WAITING_BYTES = 16 * 1024 * 1024
FRAME_BYTES = 100  # what a waiting frame costs besides its text
CLOSE_SECONDS = 1.0


class Connection:
    """Runs until the client goes, or has to: for a frame that is none, for reading too slowly."""

    def __init__(self, service: Service, websocket: WebSocket, version: Version, key: str) -> None:
        self.version = version
        self.headers = {
            name: value for name, value in websocket.headers.items() if name != "cookie"
        }
        self._service = service
        self._websocket = websocket
        self._key = key
        self._channels: dict[str, Channel] = {}
        self._waiting: deque[str | bytes] = deque()
        self._waiting_bytes = 0
        self._something_waits = asyncio.Event()
        self._too_slow = asyncio.Event()

    async def run(self) -> None:
        await self._websocket.accept()
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        slow = asyncio.create_task(self._too_slow.wait())
        tasks = (reader, writer, slow)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if slow.done():
                log.warning("a client reads too slowly: connection closed")
                writer.cancel()
                await self._close(1013, "client reads too slowly")
            elif reader.done() and isinstance(reader.exception(), BadFrame):
                await self._close(1003, str(reader.exception()))
            elif reader.done() and (fault := reader.exception()):
                log.error("connection broken", exc_info=fault)
                await self._close(1011, "internal error")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for channel in list(self._channels.values()):
                channel.close()

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return

    # Out

    def send(self, frame: str | bytes) -> None:
        """Queue a frame. A client that lets too many wait is disconnected."""
        self._waiting.append(frame)
        self._waiting_bytes += len(frame) + FRAME_BYTES
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._too_slow.set()
        self._something_waits.set()

    async def _write(self) -> None:
        while True:
            await self._something_waits.wait()
            self._something_waits.clear()
            while self._waiting:
                frame = self._waiting.popleft()
                self._waiting_bytes -= len(frame) + FRAME_BYTES
                if isinstance(frame, str):
                    await self._websocket.send({"type": "websocket.send", "text": frame})
                else:
                    await self._websocket.send({"type": "websocket.send", "bytes": frame})

    # In

    async def _read(self) -> None:
        while True:
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            data = event.get("text")
            await self._handle(decode(self.version, event["bytes"] if data is None else data))

    async def _handle(self, message: Incoming) -> None:
        channel = self._channels.get(message.topic)
        if message.event == "heartbeat" and message.topic == "phoenix":
            self._reply(message, "ok", {})
        elif message.event == "phx_join":
            await self._join(message, channel)
        elif channel is not None and message.join_ref in (None, channel.join_ref):
            await handle(channel, message)
        elif message.event == "phx_leave":
            self._reply(message, "ok", {})
        else:
            self._reply(message, "error", {"reason": "unmatched topic"})

    async def _join(self, message: Incoming, channel: Channel | None) -> None:
        if channel is not None:
            # As in Phoenix: the newer join of a topic ends the older one.
            channel.push("phx_close", {}, channel.join_ref)
            channel.close()
        if len(self._channels) >= MAX_CHANNELS:
            self._reply(message, "error", {"reason": "ChannelRateLimitReached: Too many channels"})
            return
        try:
            joined = await admit(self._service, self, self._key, message)
        except JoinRefused as exc:
            self._reply(message, "error", {"reason": str(exc)})
        else:
            self._channels[message.topic] = joined

    def forget(self, channel: Channel) -> None:
        if self._channels.get(channel.wire_topic) is channel:
            del self._channels[channel.wire_topic]

    def _reply(self, message: Incoming, status: str, response: dict[str, str]) -> None:
        payload = dumps({"status": status, "response": response})
        self.send(
            encode(
                self.version,
                message.topic,
                "phx_reply",
                payload,
                ref=message.ref,
                join_ref=message.join_ref,
            )
        )
