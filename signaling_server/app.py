"""The signaling server as an ASGI application, for uvicorn or any other ASGI server."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any

from signaling_server.connection import LEAVING, TOO_BIG, Connection
from signaling_server.node import Node
from signaling_server.pages import Page, client_address, handshake_fault, page, problem
from signaling_server.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def create_app(settings: Settings) -> "SignalingApp":
    """A server with these settings; it starts and stops with ASGI's lifespan."""
    return SignalingApp(settings)


class SignalingApp:
    """ASGI 3: `http` for health and metrics, `websocket` for clients, `lifespan`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._node: Node | None = None
        self._starting: asyncio.Lock | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, await self.running(), send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, await self.running(), receive, send)

    async def drain(self) -> None:
        """Send clients elsewhere; for hosts that know before they stop."""
        if self._node is not None:
            await self._node.drain()

    async def running(self) -> Node:
        """The node, started by lifespan, or here under a host that has none."""
        if self._node is not None:
            return self._node
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._node is None:
                node = Node(self._settings)
                await node.start()
                self._node = node
            return self._node

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.running()
        except Exception as exc:  # noqa: BLE001 - the edge: the host prints why it cannot start
            await send({"type": "lifespan.startup.failed", "message": f"{exc}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._node is not None:
            await self._node.drain()
            await self._node.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, node: Node, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD"):
            found = page(node.hub, scope["path"], _headers(scope))
        else:
            found = problem(405, "not_allowed")
        await _respond(send, "http.response", found)

    async def _websocket(self, scope: Scope, node: Node, receive: Receive, send: Send) -> None:
        await receive()
        hub = node.hub
        headers = _headers(scope)
        address = client_address(
            (scope.get("client") or ("unknown",))[0],
            headers.get("x-forwarded-for"),
            hub.settings.forwarded_hops,
        )
        fault = handshake_fault(
            hub, scope["path"], scope.get("query_string", b"").decode("latin-1")
        )
        if fault is None and (turned := hub.door.refusal(headers.get("origin"))) is not None:
            fault = problem(*turned)
        if fault is None and hub.door.crowded(address):
            fault = problem(429, "rate_limited")
        if fault is not None:
            if "websocket.http.response" in scope.get("extensions", {}):
                await _respond(send, "websocket.http.response", fault)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        reading = asyncio.current_task()
        pipe = AsgiPipe(send, hub.settings.max_unsent_bytes, reading.cancel if reading else None)
        connection = Connection(hub, pipe, address)
        hub.door.accept(connection)
        code = 1006
        try:
            code = await _read(connection, receive, hub.settings.hard_message_bytes)
        except asyncio.CancelledError:
            # Too slow a reader: returning makes the host close the socket. Else it is the host's
            # wish.
            if not pipe.gave_up:
                raise
            hub.metrics.refused("slow_reader")
        finally:
            pipe.stop()
            connection.gone(leaving=code in LEAVING)


async def _read(connection: Connection, receive: Receive, hard_limit: int) -> int:
    """Feed frames until the socket closes; answers the close code."""
    while True:
        message = await receive()
        if message["type"] != "websocket.receive":
            return int(message.get("code") or 1005)
        text = message.get("text")
        if text is None:
            connection.receive_binary()
        elif len(text) > hard_limit:
            connection.shut(TOO_BIG)
        else:
            connection.receive(text.encode())


class AsgiPipe:
    """Frames to a client through ASGI's `send`, which may wait for a slow reader.

    A send that has nothing to wait for is run to its end at once, without a task: that is how
    signals pass in one step. Only what must wait is queued, up to a bound.
    """

    def __init__(
        self, send: Send, max_unsent: int, give_up: Callable[[], object] | None = None
    ) -> None:
        self.gave_up = False
        self._give_up = give_up
        self._send = send
        self._max_unsent = max_unsent
        self._queue: deque[Message] = deque()
        self._unsent = 0
        self._drainer: asyncio.Task[None] | None = None
        self._closed = False

    def write(self, data: bytes) -> None:
        if self._closed:
            return
        message: Message = {"type": "websocket.send", "text": data.decode()}
        if self._drainer is not None:
            self._unsent += len(data)
            self._queue.append(message)
            if self._unsent > self._max_unsent:
                self.gave_up = True
                self.stop()
                if self._give_up is not None:
                    self._give_up()
            return
        self._start(message)

    def close(self, code: int) -> None:
        if self._closed:
            return
        self._closed = True
        message: Message = {"type": "websocket.close", "code": code}
        if self._drainer is not None:
            self._queue.append(message)
        else:
            self._start(message)

    def stop(self) -> None:
        """The socket is gone: nothing more can be sent."""
        self._closed = True
        self._queue.clear()
        if self._drainer is not None:
            self._drainer.cancel()

    def _start(self, message: Message) -> None:
        step = self._send(message).__await__()
        try:
            waits_for = next(step)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - hosts raise their own errors for a closed socket
            self._closed = True
            return
        self._drainer = asyncio.ensure_future(self._drain(_Rest(waits_for, step)))

    async def _drain(self, rest: "_Rest") -> None:
        try:
            await rest
            while self._queue:
                message = self._queue.popleft()
                self._unsent -= len(message.get("text", ""))
                await self._send(message)
        except Exception:  # noqa: BLE001 - as above
            self._closed = True
            self._queue.clear()
        finally:
            self._drainer = None


class _Rest:
    """An awaitable begun outside of a task, to be finished inside of one."""

    def __init__(self, waits_for: Any, step: Generator[Any, Any, Any]) -> None:
        self._waits_for = waits_for
        self._step = step

    def __await__(self) -> Generator[Any, Any, Any]:
        yield self._waits_for
        return (yield from self._step)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _respond(send: Send, kind: str, found: Page) -> None:
    headers = [(b"content-type", found.kind.encode()), (b"content-length", b"%d" % len(found.body))]
    await send({"type": f"{kind}.start", "status": found.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": found.body})
