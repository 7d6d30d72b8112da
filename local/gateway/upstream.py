"""A lean HTTP/1.1 client for one server on a unix socket, with connections kept open.

General clients cost more than PostgREST's own work on a small request; this one parses with
httptools and copies nothing but the body.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import cast

import httptools

Headers = list[tuple[bytes, bytes]]

# PostgREST closes a connection that was idle for 30 s; one that is older than this might be closed
# at the very moment a request is written to it.
IDLE_SECONDS = 15.0
HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024


class UpstreamDown(Exception):
    """The server could not be reached or went away before it answered."""


class Exchange(asyncio.Protocol):
    """One connection; carries one request and its response at a time."""

    def __init__(self, lost: Callable[["Exchange"], None]) -> None:
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._refused_rest = False
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._closed = False
        self.idle_since = 0.0
        self._reset(head=False)

    def _reset(self, *, head: bool) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._head = head
        self._reusable = False
        self._complete = False
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._paused = False
        self._arrived = asyncio.Event()
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A response nobody waits for any more is no news.
        self._started.add_done_callback(_retrieved)
        self.status = 0
        self.headers: Headers = []

    # What a caller does, in this order.

    async def send(self, head: bytes, body: AsyncIterator[bytes] | None, *, is_head: bool) -> None:
        """Write a request; returns when all of it is handed to the kernel or was refused."""
        self._reset(head=is_head)
        if self._transport is None or self._transport.is_closing():
            raise UpstreamDown
        self._transport.write(head)
        if body is None:
            return
        async for chunk in body:
            # A server that answered or left will not read the rest.
            if self._closed or self._started.done():
                self._refused_rest = True
                return
            self._transport.write(chunk)
            await self._can_write.wait()

    async def response(self) -> None:
        """Wait for status and headers; raises UpstreamDown when the server went away."""
        await self._started

    async def body(self) -> AsyncIterator[tuple[bytes, bool]]:
        """The pieces of the body, each with whether more may follow; the last may be empty."""
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._buffered -= len(chunk)
                if self._paused and self._buffered < LOW_WATER and self._transport is not None:
                    self._paused = False
                    self._transport.resume_reading()
                last = self._complete and not self._chunks
                yield chunk, not last
                if last:
                    return
            if self._complete:
                yield b"", False
                return
            if self._closed:
                raise UpstreamDown
            self._arrived.clear()
            await self._arrived.wait()

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on this connection."""
        whole = self._complete and self._reusable and not self._refused_rest
        return whole and not self._closed

    def close(self) -> None:
        """End the connection at once: what is still to be written on it has no reader."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop and the parser tell.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods, but not the class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            # Bytes after the end of an answer to HEAD, or no HTTP at all.
            self.close()
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._can_write.set()
        self._fail()
        self._lost(self)

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    def on_status(self, status: bytes) -> None:
        pass

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self._head:
            # The parser would wait for the body that Content-Length tells of.
            self._finish(reusable=self._parser.should_keep_alive())
        if not self._started.done():
            self._started.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._arrived.set()

    def on_message_complete(self) -> None:
        if not self._head:
            self._finish(reusable=self._parser.should_keep_alive())

    def _finish(self, *, reusable: bool) -> None:
        self._complete = True
        self._reusable = reusable
        self._arrived.set()

    def _fail(self) -> None:
        if not self._started.done():
            self._started.set_exception(UpstreamDown())
        self._arrived.set()


class Upstream:
    """Connections to the server, at most `limit` at once, the last used first."""

    def __init__(
        self, socket: Path, *, limit: int = 64, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._socket = str(socket)
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Exchange] = []
        self._clock = clock

    @property
    def idle_connections(self) -> int:
        """How many open connections wait for a request."""
        return len(self._idle)

    async def acquire(self) -> Exchange:
        """A connection for one request; hand it back with `release`."""
        await self._slots.acquire()
        try:
            while self._idle:
                exchange = self._idle.pop()
                if self._clock() - exchange.idle_since < IDLE_SECONDS:
                    return exchange
                exchange.close()
            loop = asyncio.get_running_loop()
            _, exchange = await loop.create_unix_connection(
                lambda: Exchange(self._forget), self._socket
            )
        except OSError as error:
            self._slots.release()
            raise UpstreamDown from error
        except BaseException:
            self._slots.release()
            raise
        return exchange

    def release(self, exchange: Exchange) -> None:
        """Keep the connection for the next request, or close it when it cannot carry one."""
        self._slots.release()
        if exchange.reusable:
            exchange.idle_since = self._clock()
            self._idle.append(exchange)
        else:
            exchange.close()

    def close(self) -> None:
        for exchange in self._idle:
            exchange.close()
        self._idle.clear()

    def _forget(self, exchange: Exchange) -> None:
        if exchange in self._idle:
            self._idle.remove(exchange)


def request_head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The first line and headers of a request as they go on the wire."""
    lines = [method + b" " + target + b" HTTP/1.1"]
    lines.extend(name + b": " + value for name, value in headers)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _retrieved(started: asyncio.Future[None]) -> None:
    if not started.cancelled():
        started.exception()
