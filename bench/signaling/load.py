"""The client: peers in pairs on picows, the same for every server, loading it in three ways."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import picows

from bench.signaling.dialects import Dialect

TEXT = picows.WSMsgType.TEXT
LANES = 32


@dataclass(frozen=True)
class Rate:
    """How many a second, and how many for each second of processor time the server spent.

    On a machine that is busy otherwise only the second says something.
    """

    wall: float
    cpu: float


@dataclass
class Load:
    """Shared by all peers of one server: whether to keep going, and what was counted."""

    running: bool = False
    paced: bool = False
    sent: int = 0
    received: int = 0
    seconds: list[float] = field(default_factory=list)


class Peer(picows.WSListener):
    """One client. Answers every relayed frame by sending its next one while the load runs."""

    def __init__(self, load: Load, dialect: Dialect, token: str, peer: str, room: str) -> None:
        self.load = load
        self.dialect = dialect
        self.token = token
        self.peer = peer
        self.room = room
        self.join = True
        self.transport: picows.WSTransport | None = None
        self.partner: Peer | None = None
        self.partner_id: str | None = None
        self.frames: list[bytes] = []
        self.next = 0
        self.sent_at: deque[float] = deque()
        self.admitted = asyncio.get_running_loop().create_future()
        self.joined = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if self.frames and frame.payload_size > 64:
            load = self.load
            load.received += 1
            if load.paced:
                assert self.partner is not None
                load.seconds.append(time.perf_counter() - self.partner.sent_at.popleft())
            elif load.running:
                self.next = at = (self.next + 1) & 3
                load.sent += 1
                transport.send(TEXT, self.frames[at])
        elif frame.msg_type == TEXT:
            self._talk(transport, frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()

    def _talk(self, transport: picows.WSTransport, frame: bytes) -> None:
        told = self.dialect.told(frame, self.token, self.room, join=self.join)
        for reply in told.send:
            transport.send(TEXT, reply)
        if told.partner is not None:
            self.partner_id = told.partner
        if told.admitted and not self.admitted.done():
            self.admitted.set_result(None)
        if told.joined and not self.joined.done():
            self.joined.set_result(None)

    def send_paced(self) -> None:
        assert self.transport is not None
        self.next = at = (self.next + 1) & 3
        self.load.sent += 1
        self.sent_at.append(time.perf_counter())
        self.transport.send(TEXT, self.frames[at])

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        for waiting in (self.admitted, self.joined):
            if not waiting.done():
                waiting.set_exception(ConnectionError("closed by the server"))
                waiting.exception()

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.send_close(picows.WSCloseCode.GOING_AWAY)
            self.transport.disconnect()


async def connect(base: str, peer: Peer) -> Peer:
    url = peer.dialect.url(base, peer.peer, peer.room).replace("http", "ws", 1)
    await picows.ws_connect(lambda: peer, url, websocket_handshake_timeout=15)
    return peer


async def pairs(base: str, load: Load, dialect: Dialect, tokens: list[str]) -> list[Peer]:
    """Two peers a room, connected, joined, and knowing each other's id."""
    peers: list[Peer] = []
    for at in range(0, len(tokens), 2):
        room = f"room-{at:08d}"
        two = [Peer(load, dialect, tokens[at + n], f"p{at + n}", room) for n in (0, 1)]
        await connect(base, two[0])
        await connect(base, two[1])
        await asyncio.wait_for(asyncio.gather(*(one.joined for one in two)), 10)
        two[0].partner, two[1].partner = two[1], two[0]
        peers += two
    await asyncio.sleep(0.2)
    for peer in peers:
        assert peer.partner is not None
        peer.frames = dialect.load(peer.partner_id or peer.partner.peer)
    return peers


async def saturate(
    load: Load, peers: list[Peer], window: int, seconds: float, cpu: Callable[[], float]
) -> Rate:
    """Messages with `window` in flight per peer."""
    load.running = True
    for peer in peers:
        for _ in range(window):
            peer.next = (peer.next + 1) & 3
            assert peer.transport is not None
            load.sent += 1
            peer.transport.send(TEXT, peer.frames[peer.next])
    await asyncio.sleep(0.2)
    before, start, worked = load.received, time.perf_counter(), cpu()
    await asyncio.sleep(seconds)
    worked = cpu() - worked
    count, took = load.received - before, time.perf_counter() - start
    load.running = False
    await settle(load)
    return Rate(count / took, count / max(worked, 1e-6))


async def settle(load: Load) -> None:
    """Wait until nothing is in flight any more."""
    async with asyncio.timeout(30):
        while load.received < load.sent:  # noqa: ASYNC110 - counted in a hot callback
            await asyncio.sleep(0.02)


async def pace(load: Load, peers: list[Peer], rate: int, seconds: float) -> list[float]:
    """Latencies at a fixed rate, in seconds."""
    load.seconds = []
    load.paced = True
    count = int(rate * seconds)
    start = time.perf_counter()
    for number in range(count):
        due = start + number / rate
        if (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        peers[(number * 7) % len(peers)].send_paced()
    await settle(load)
    load.paced = False
    return sorted(load.seconds)


async def joins(
    base: str, dialect: Dialect, tokens: list[str], seconds: float, cpu: Callable[[], float]
) -> Rate:
    """Completed joins, each on a socket of its own, `LANES` at a time."""
    load = Load()
    done = 0
    stop = time.perf_counter() + seconds

    async def one_after_another(lane: int) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() < stop:
            number += 1
            room = f"room-j{lane:03d}{number % 10000:04d}"
            peer = Peer(load, dialect, tokens[lane], f"j{lane}x{number}", room)
            await connect(base, peer)
            await asyncio.wait_for(peer.joined, 10)
            done += 1
            peer.hang_up()

    start, worked = time.perf_counter(), cpu()
    await asyncio.gather(*(one_after_another(lane) for lane in range(LANES)))
    return Rate(done / (time.perf_counter() - start), done / max(cpu() - worked, 1e-6))


async def idle(base: str, dialect: Dialect, tokens: list[str]) -> list[Peer]:
    """Connected and admitted, in no room."""
    load = Load()
    peers = []
    for number, token in enumerate(tokens):
        peer = Peer(load, dialect, token, f"i{number}", f"room-i{number:07d}")
        peer.join = False
        await connect(base, peer)
        if dialect.greets:
            await asyncio.wait_for(peer.admitted, 10)
        peers.append(peer)
    return peers
