"""The signaling server on picows: frames are handled inside the socket's own callback.

Takes the place of an ASGI server: no coroutine and no queue between the network and
`Connection.receive`. Plain HTTP pages are answered on the same port.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from http import HTTPStatus

import picows

from signaling_server.connection import LEAVING, PROTOCOL, TOO_BIG, TRY_LATER, Connection, Pipe
from signaling_server.hub import Hub
from signaling_server.node import Node
from signaling_server.pages import Page, client_address, handshake_fault, page, problem
from signaling_server.settings import Settings

_READ_BUFFER = 4096
_HANDSHAKE_SECONDS = 5.0
_TEXT = picows.WSMsgType.TEXT


async def serve(settings: Settings, announce: Callable[[int, str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain; `announce` is told port and host."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    node = Node(settings)
    log = node.hub.log
    await node.start()
    server = await listen(node)
    port = server.sockets[0].getsockname()[1]
    log.info("listening", extra={"port": port, "node": settings.node})
    announce(port, settings.host)
    try:
        await stop.wait()
        log.info("draining")
        await node.drain()
    finally:
        server.close()
        await node.close()
        log.info("stopped")


async def listen(node: Node) -> asyncio.Server:
    """Open the port of a started node."""
    # What a client does wrong on the wire is its own affair, and these lines name addresses.
    logging.getLogger("picows").setLevel(logging.CRITICAL)
    hub = node.hub
    together = Together()

    def answer(request: picows.WSUpgradeRequest) -> picows.WSListener | _Response:
        path, _, query = request.path.decode("latin-1").partition("?")
        if "upgrade" not in request.headers:
            return _response(page(hub, path, request.headers))
        fault = handshake_fault(hub, path, query)
        if (
            fault is None
            and (turned := hub.door.refusal(request.headers.get("origin"))) is not None
        ):
            fault = problem(*turned)
        if fault is not None:
            return _response(fault)
        return Socket(hub, together, request.headers.get("x-forwarded-for"))

    return await picows.ws_create_server(
        answer,
        node.settings.host,
        node.settings.port,
        websocket_handshake_timeout=_HANDSHAKE_SECONDS,
        max_frame_size=node.settings.hard_message_bytes,
        read_buffer_init_size=_READ_BUFFER,
        reuse_address=True,
        backlog=2048,
    )


_Response = picows.WSUpgradeResponseWithListener


class Socket(picows.WSListener):
    """One client's socket."""

    def __init__(self, hub: Hub, together: "Together", forwarded: str | None) -> None:
        self._hub = hub
        self._together = together
        self._forwarded = forwarded
        self._connection: Connection | None = None
        self._transport: picows.WSTransport | None = None
        self._parts: list[bytes] = []
        self._parts_bytes = 0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        hub = self._hub
        carrier = transport.underlying_transport
        carrier.set_write_buffer_limits(high=hub.settings.max_unsent_bytes)
        peer = carrier.get_extra_info("peername")
        address = client_address(
            peer[0] if isinstance(peer, tuple) else "local",
            self._forwarded,
            hub.settings.forwarded_hops,
        )
        self._transport = transport
        pipe = PicowsPipe(transport, self._together)
        if hub.door.crowded(address):
            pipe.close(TRY_LATER)
            return
        self._connection = Connection(hub, pipe, address)
        hub.door.accept(self._connection)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        connection = self._connection
        if connection is None:
            return
        together = self._together
        last = frame.last_in_buffer
        if not last and not together.gathering:
            together.begin()
        if frame.msg_type == _TEXT and frame.fin and not self._parts:
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                connection.shut(PROTOCOL)
            else:
                connection.receive(frame.get_payload_as_bytes())
        else:
            self._rare(connection, transport, frame)
        if last and together.gathering:
            together.end()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.gone(leaving=_closed_by_client(transport) in LEAVING)

    def pause_writing(self) -> None:
        """More is unsent than a client may leave unread."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._hub.metrics.refused("slow_reader")
            connection.gone(leaving=False)
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def resume_writing(self) -> None:
        return

    def _rare(
        self, connection: Connection, transport: picows.WSTransport, frame: picows.WSFrame
    ) -> None:
        kind = frame.msg_type
        if kind == picows.WSMsgType.CLOSE:
            transport.send_close(_echo(frame.get_close_code()))
            transport.disconnect()
        elif kind == picows.WSMsgType.BINARY:
            connection.receive_binary()
        elif kind in (_TEXT, picows.WSMsgType.CONTINUATION):
            # A fragment. The first is text, the others continue it.
            if (kind == _TEXT) == bool(self._parts) or frame.rsv1 or frame.rsv2 or frame.rsv3:
                connection.shut(PROTOCOL)
                return
            self._parts.append(frame.get_payload_as_bytes())
            self._parts_bytes += len(self._parts[-1]) + 64
            if self._parts_bytes > self._hub.settings.hard_message_bytes:
                connection.shut(TOO_BIG)
            elif frame.fin:
                whole = b"".join(self._parts)
                self._parts, self._parts_bytes = [], 0
                connection.receive(whole)


class PicowsPipe(Pipe):
    """Frames to a client."""

    __slots__ = ("_together", "_transport", "pending")

    def __init__(self, transport: picows.WSTransport, together: "Together") -> None:
        self._transport = transport
        self._together = together
        self.pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._together.gathering:
            self._transport.send(_TEXT, data)
            return
        if not self.pending:
            self._together.pipes.append(self)
        self.pending.append(data)

    def flush(self) -> None:
        """Send what has gathered, in one piece."""
        pending, self.pending = self.pending, []
        transport = self._transport
        if len(pending) == 1:
            transport.send(_TEXT, pending[0])
        elif pending and not transport.is_close_frame_sent and not transport.is_disconnected:
            parts: list[bytes] = []
            for data in pending:
                parts += (_header(len(data)), data)
            transport.underlying_transport.write(b"".join(parts))

    def close(self, code: int) -> None:
        self.flush()
        if not self._transport.is_disconnected:
            self._transport.send_close(picows.WSCloseCode(code))
            self._transport.disconnect()


class Together:
    """Gathers writes while one read gives several frames: they leave as one write per receiver."""

    __slots__ = ("gathering", "pipes")

    def __init__(self) -> None:
        self.gathering = False
        self.pipes: list[PicowsPipe] = []

    def begin(self) -> None:
        self.gathering = True
        # The last frame ends it; should that one turn out to be malformed, this does.
        asyncio.get_running_loop().call_soon(self.end)

    def end(self) -> None:
        self.gathering = False
        pipes, self.pipes = self.pipes, []
        for pipe in pipes:
            pipe.flush()


def _header(length: int) -> bytes:
    """The head of an unmasked, unfragmented text frame."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def _closed_by_client(transport: picows.WSTransport) -> int | None:
    """The code of the client's close frame, when there was one."""
    # The stubs do not say so, but both are None until that side has closed.
    received = getattr(transport.close_handshake, "recv", None)
    return None if received is None else int(received.code)


def _echo(code: picows.WSCloseCode) -> picows.WSCloseCode:
    return picows.WSCloseCode.OK if code == picows.WSCloseCode.NO_INFO else code


def _response(found: Page) -> _Response:
    headers = {"Content-Type": found.kind}
    if found.status < 400:
        response = picows.WSUpgradeResponse.create_ok_response(found.body, headers)
    else:
        response = picows.WSUpgradeResponse.create_error_response(
            HTTPStatus(found.status), found.body, headers
        )
    return _Response(response, None)
