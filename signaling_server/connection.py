"""One client's socket, whatever carries it: Engine.IO and Socket.IO sessions, bounds, dispatch.

The carrier (`listener.py` or `app.py`) calls `receive` with every text frame and `gone` once;
everything a client may do wrong is answered or ends the connection here.
"""

import enum
import secrets
from collections import deque
from typing import TYPE_CHECKING, Protocol

import msgspec

from signaling_server import payloads, wire
from signaling_server.errors import Refused
from signaling_server.limits import NO_LIMIT, Allowance, NoLimit
from signaling_server.relay import relay
from signaling_server.seats import Seat, Target
from signaling_server.tokens import Caller

if TYPE_CHECKING:
    from signaling_server.hub import Hub

# Joins and tokens wait for the network, one at a time; a client that piles up more is too eager.
MAX_WAITING = 16
# So many refusals for rate in a row, and the client is not going to listen.
MAX_OVER_RATE = 100
POLICY, TOO_BIG, RESTART, TRY_LATER, PROTOCOL, UNSUPPORTED, GOING = (
    1008,
    1009,
    1012,
    1013,
    1002,
    1003,
    1001,
)
# Close codes that mean goodbye: a client library that was told to disconnect (python-socketio
# closes before it has sent its packet), a page that was left. A browser whose network changes
# gives no code.
LEAVING = frozenset({1000, 1001})


class Pipe(Protocol):
    """What carries frames to the client."""

    def write(self, data: bytes) -> None:
        """Send a text frame, in order, without waiting; nothing happens once closed."""

    def close(self, code: int) -> None:
        """Close after what was written; `gone` follows."""


class State(enum.Enum):
    NEW = "new"
    CHECKING = "checking"
    ADMITTED = "admitted"
    CLOSED = "closed"


class Connection:
    """A socket and what is known about who holds it."""

    __slots__ = (
        "_busy",
        "_over_rate",
        "_pong_due",
        "_waiting",
        "address",
        "allowance",
        "caller",
        "hub",
        "idle_since",
        "opened_at",
        "ping_due",
        "pipe",
        "purse",
        "seat",
        "sid",
        "state",
        "targets",
        "write",
    )

    def __init__(self, hub: "Hub", pipe: Pipe, address: str) -> None:
        now = hub.now()
        self.hub = hub
        self.pipe = pipe
        self.write = pipe.write
        self.address = address
        self.sid = secrets.token_urlsafe(15)
        self.state = State.NEW
        self.caller: Caller | None = None
        self.allowance = Allowance(hub.settings.message_rate, hub.settings.message_burst, hub.now)
        self.purse: Allowance | NoLimit = NO_LIMIT  # until it is known whose it is
        self.seat: Seat | None = None
        self.targets: dict[bytes, Target] | None = None
        self.opened_at = now
        self.idle_since = now
        self.ping_due = now + hub.settings.ping_seconds
        self._pong_due: float | None = None
        self._waiting: deque[tuple[bytes, str, msgspec.Struct]] | None = None
        self._busy = False
        self._over_rate = 0

    def start(self) -> None:
        """Greet the client; call once when the carrier is ready."""
        settings = self.hub.settings
        self.write(
            wire.opened(
                self.sid,
                ping=settings.ping_seconds,
                pong=settings.pong_seconds,
                limit=settings.max_message_bytes,
            )
        )

    def receive(self, data: bytes) -> None:
        """Handle one text frame."""
        if self.state is State.CLOSED:
            return
        cost = 1 + (len(data) >> 12)
        if not (self.allowance.spend(cost) and self.purse.spend(cost)):
            self._refuse_rate(data)
            return
        if self.targets is not None and relay(self, data, self.targets):
            return
        self._over_rate = 0
        try:
            self._receive_any(data)
        except wire.Malformed:
            self.hub.metrics.refused("malformed")
            self.shut(PROTOCOL)

    def receive_binary(self) -> None:
        """No packet of this protocol is binary."""
        self.hub.metrics.refused("malformed")
        self.shut(UNSUPPORTED)

    def gone(self, *, leaving: bool) -> None:
        """The carrier is closed; `leaving` when the client said so (a page that was closed)."""
        was_open = self.state is not State.CLOSED
        self.state = State.CLOSED
        self.hub.door.forget(self, leaving=leaving and was_open)

    def shut(self, code: int) -> None:
        """Close for good: nothing more is taken from this client."""
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self.pipe.close(code)
            # What is sent to its peer from now on is kept, not written to a closed socket.
            self.hub.places.lose(self)

    # What a seat and a target call.

    def accepted(self, ack: bytes) -> None:
        if ack:
            self.write(b"43" + ack + b"[{}]")

    def refused(self, ack: bytes, why: Refused) -> None:
        self.hub.metrics.refused(why.code)
        if ack:
            self.write(wire.answer(ack, why.answer()))

    def vacate(self, reason: str | None) -> None:
        """The seat was taken away; tell the client unless it is already somewhere else."""
        self.seat = None
        self.targets = None
        self.idle_since = self.hub.now()
        if reason is not None:
            self.write(wire.event("room-closed", {"reason": reason}))

    # Time.

    def tick(self, now: float, wall: float) -> None:
        """Let deadlines pass."""
        settings = self.hub.settings
        if self.state is State.ADMITTED and self.caller is not None:
            if wall >= self.caller.expires_at:
                self.hub.door.expel(self, "token_expired")
            elif now - self.opened_at >= settings.lifetime_seconds:
                self.hub.door.expel(self, "lifetime")
            elif self.seat is None and now - self.idle_since >= settings.idle_seconds:
                self.hub.door.expel(self, "idle")
        elif now - self.opened_at >= settings.connect_seconds:
            self.hub.metrics.refused("connect_timeout")
            self.shut(POLICY)
        if self._pong_due is not None:
            if now >= self._pong_due:
                # Dead, not leaving: its seat is kept for the grace time.
                self.shut(GOING)
                self.gone(leaving=False)
        elif now >= self.ping_due:
            self._pong_due = now + settings.pong_seconds
            self.write(wire.PING)

    # The slow way.

    def _receive_any(self, data: bytes) -> None:
        if len(data) > self.hub.settings.max_message_bytes:
            self._refuse_size(data)
            return
        head = data[:1]
        if head == wire.PONG:
            self._pong_due = None
            self.ping_due = self.hub.now() + self.hub.settings.ping_seconds
            return
        if head == wire.CLOSE:
            self.hub.places.leave(self, "left")
            self.shut(1000)
            return
        packet = wire.parse(data)
        if packet.namespace != b"/":
            if packet.kind != wire.CONNECT:
                raise wire.Malformed("not connected to this namespace")
            self.write(wire.refused(packet.namespace, "Invalid namespace"))
        elif packet.kind == wire.EVENT:
            self._event(packet)
        elif packet.kind == wire.CONNECT and self.state is State.NEW:
            self.state = State.CHECKING
            self.hub.run(self.hub.door.admit(self, packet.body))
        elif packet.kind == wire.DISCONNECT:
            self.hub.places.leave(self, "left")
            self.shut(1000)
        elif packet.kind != wire.ACK:  # nothing here asks for one, but a client may send it
            raise wire.Malformed("unexpected packet")

    def _event(self, packet: wire.Packet) -> None:
        if self.state is not State.ADMITTED:
            self.refused(packet.ack, Refused("unauthorized"))
            return
        try:
            name, payload, raw = _payload(packet.body)
        except payloads.MALFORMED:
            self.refused(packet.ack, Refused("bad_payload"))
            return
        if isinstance(payload, payloads.Signal):
            self._signal(packet.ack, payload, raw)
            return
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) >= MAX_WAITING:
            self.refused(packet.ack, Refused("rate_limited"))
            return
        self._waiting.append((packet.ack, name, payload))
        if not self._busy:
            self._busy = True
            self.hub.run(self._work())

    def _signal(self, ack: bytes, signal: payloads.Signal, raw: msgspec.Raw) -> None:
        target = (self.targets or {}).get(signal.to.encode())
        if self.seat is None or target is None or target is self.seat:
            self.refused(ack, Refused("unknown_peer"))
            return
        value = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        kind = "candidate" if signal.description is msgspec.UNSET else "description"
        tail = b'"%b":%b}]' % (kind.encode(), bytes(value[kind]))
        self.hub.metrics.relayed += 1
        target.deliver(self.seat.head, tail, self, ack)

    async def _work(self) -> None:
        """Handle what waits for the network, in the order it came."""
        assert self._waiting is not None
        try:
            while self._waiting and self.state is State.ADMITTED:
                ack, name, payload = self._waiting.popleft()
                await self._handle(ack, name, payload)
        finally:
            self._busy = False

    async def _handle(self, ack: bytes, name: str, payload: msgspec.Struct) -> None:
        try:
            reply = await self.hub.handle(self, name, payload)
        except Refused as why:
            self.refused(ack, why)
            return
        except Exception:
            self.hub.log.exception("handler failed", extra={"event": name})
            self.refused(ack, Refused("unavailable"))
            return
        if ack and self.state is not State.CLOSED:
            self.write(wire.answer(ack, reply.payload))
        for frame in reply.frames:
            self.write(frame)

    def _refuse_rate(self, data: bytes) -> None:
        self._over_rate += 1
        if self._over_rate > MAX_OVER_RATE:
            self.hub.metrics.refused("flood")
            self.shut(POLICY)
            return
        self._answer_unread(data, Refused("rate_limited"))

    def _refuse_size(self, data: bytes) -> None:
        self._answer_unread(data, Refused("too_large"))

    def _answer_unread(self, data: bytes, why: Refused) -> None:
        """Refuse a packet whose body is not looked at."""
        try:
            packet = wire.parse(data[:64])
        except wire.Malformed:
            self.hub.metrics.refused(why.code)
            return
        if packet.kind == wire.CONNECT and self.state is State.NEW:
            self.write(wire.refused(packet.namespace, why.code, why.answer()["error"]))
            self.hub.metrics.refused(why.code)
        else:
            self.refused(packet.ack if packet.kind == wire.EVENT else b"", why)


def _payload(body: bytes) -> tuple[str, msgspec.Struct, msgspec.Raw]:
    parts = payloads.event_parts.decode(body)
    if not 1 <= len(parts) <= 2:
        raise ValueError("one payload per event")
    name = payloads.event_name.decode(parts[0])
    if name not in payloads.EVENTS:
        raise ValueError("unknown event")
    raw = parts[1] if len(parts) == 2 else msgspec.Raw(b"{}")
    return name, payloads.payload_of[name].decode(raw), raw
