"""A small HTTP/1.1 client for one origin: keep-alive connections, a bound on them, a deadline.

Every join asks the database once, so the client is on the path of joins: a general one spends more
time on a request than everything else about a join together (`docs/signaling.md` has the numbers).
"""

import asyncio
import contextlib
import ssl
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools

MAX_BODY = 1_048_576


class HttpError(Exception):
    """No usable answer: refused, cut off, too late, too large or not HTTP."""


@dataclass(slots=True)
class Response:
    status: int = 0
    body: bytearray = field(default_factory=bytearray)


class Client:
    """Requests to one origin, at most `connections` at a time; more callers wait their turn."""

    def __init__(self, url: str, headers: dict[str, str], *, timeout: float, connections: int):
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"not a URL: {url}")
        tls = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if tls else 80)
        self._tls = ssl.create_default_context() if tls else None
        self._prefix = parts.path.rstrip("/")
        self._head = f"Host: {parts.netloc.rpartition('@')[2]}\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items()
        )
        self._timeout = timeout
        self._gate = asyncio.Semaphore(connections)
        self._idle: deque[_Channel] = deque()

    async def request(
        self, method: str, path: str, *, token: str | None = None, body: bytes | None = None
    ) -> Response:
        """One request and its whole answer; raises HttpError. Only for calls that may be repeated:
        one that finds its kept connection closed is sent again on a new one.
        """
        lines = [f"{method} {self._prefix}{path} HTTP/1.1\r\n", self._head]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}\r\n")
        if body is not None:
            lines.append(f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        lines.append("\r\n")
        try:
            data = "".join(lines).encode("ascii") + (body or b"")
            async with asyncio.timeout(self._timeout), self._gate:
                return await self._exchange(data)
        except (OSError, TimeoutError, UnicodeError, httptools.HttpParserError) as exc:
            raise HttpError(f"{type(exc).__name__}") from exc

    async def _exchange(self, data: bytes) -> Response:
        while self._idle:
            channel = self._idle.pop()
            if channel.open:
                with contextlib.suppress(_Stale):
                    return await self._use(channel, data)
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_connection(_Channel, self._host, self._port, ssl=self._tls)
        try:
            return await self._use(channel, data)
        except _Stale as exc:
            raise HttpError("closed without an answer") from exc

    async def _use(self, channel: "_Channel", data: bytes) -> Response:
        try:
            response = await channel.send(data)
        except BaseException:
            channel.close()
            raise
        if channel.open:
            self._idle.append(channel)
        return response

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Stale(Exception):
    """The connection ended before anything of an answer came."""


class _Channel(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: Any = None
        self._parser: Any = None
        self._response = Response()
        self._waiting: asyncio.Future[Response] | None = None
        self._begun = False

    def send(self, data: bytes) -> asyncio.Future[Response]:
        self._response = Response()
        self._parser = httptools.HttpResponseParser(self)
        self._begun = False
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return self._waiting

    def close(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.close()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        self._begun = True
        if self._waiting is None:
            self.close()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as exc:
            self._fail(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._fail(ConnectionResetError() if self._begun else _Stale())

    def _fail(self, exc: Exception) -> None:
        self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(exc)

    # httptools

    def on_body(self, part: bytes) -> None:
        self._response.body += part
        if len(self._response.body) > MAX_BODY:
            self._fail(HttpError("too large an answer"))

    def on_message_complete(self) -> None:
        self._response.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(self._response)
