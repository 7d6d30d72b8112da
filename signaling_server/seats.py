"""A peer's place in a room on this node: where its signals go, and what is kept until it comes
back.

Every signal to a peer is numbered (`seq`) and the last few are kept, because what was written to a
network that had already gone is lost without a trace. A peer that resumes says the last number it
has seen and gets the rest.
"""

from collections import deque
from typing import Protocol

from signaling_server import wire
from signaling_server.errors import Refused
from signaling_server.rooms import Member


class Outlet(Protocol):
    """What a seat needs of the connection that occupies it."""

    def write(self, data: bytes) -> None: ...

    def vacate(self, reason: str | None) -> None: ...


class Sender(Protocol):
    """What a target needs of the connection a signal came from."""

    def accepted(self, ack: bytes) -> None: ...

    def refused(self, ack: bytes, why: Refused) -> None: ...


class Target(Protocol):
    """A member of a room as the others see it: here, or on another node."""

    member: Member

    def deliver(self, head: bytes, tail: bytes, sender: Sender, ack: bytes) -> None:
        """Take one signal; `accepted` or `refused` is called once when `ack` is not empty."""


def head_from(peer: str) -> bytes:
    """The beginning of every signal frame from a peer; its number and the payload follow."""
    return b'42["signal",{"from":"%b","seq":' % peer.encode()


class Seat:
    """A member on this node. Without a connection it is away, and keeps what is sent to it."""

    __slots__ = (
        "_kept",
        "_kept_bytes",
        "_max_bytes",
        "_max_kept",
        "head",
        "member",
        "outlet",
        "seq",
        "swept",
    )

    def __init__(self, member: Member, *, kept_signals: int, kept_bytes: int) -> None:
        self.member = member
        self.head = head_from(member.peer)
        self.outlet: Outlet | None = None
        self.seq = 0
        self.swept = 0
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._max_kept = kept_signals
        self._max_bytes = kept_bytes

    def deliver(self, head: bytes, tail: bytes, sender: Sender, ack: bytes) -> None:
        """Number, keep and, when somebody sits here, write one signal."""
        outlet = self.outlet
        if outlet is None and not self._has_room_for(tail):
            # Nothing accepted may be lost, so what does not fit is not accepted.
            sender.refused(ack, Refused("rate_limited", "The peer is away and its queue is full."))
            return
        self.seq += 1
        frame = b"%b%d,%b" % (head, self.seq, tail)
        self._keep(frame)
        if outlet is not None:
            outlet.write(frame)
        if ack:
            sender.accepted(ack)

    def since(self, seen: int) -> tuple[bytes, ...] | None:
        """The signals after number `seen`, or None when some of them are no longer kept."""
        missing = self.seq - seen
        if missing < 0 or missing > len(self._kept):
            return None
        return tuple(self._kept)[len(self._kept) - missing :]

    @property
    def kept(self) -> tuple[bytes, ...]:
        return tuple(self._kept)

    def take_over(self, seq: int, kept: tuple[bytes, ...]) -> None:
        """Continue the numbering of this peer's seat on another node."""
        self.seq = seq
        for frame in kept:
            self._keep(frame)

    def sweep(self) -> None:
        """Called now and then: forget what was written so long ago that a loss would have shown."""
        if self.outlet is not None and self.seq == self.swept:
            self._kept.clear()
            self._kept_bytes = 0
        self.swept = self.seq

    def _has_room_for(self, tail: bytes) -> bool:
        return len(self._kept) < self._max_kept and self._kept_bytes + len(tail) <= self._max_bytes

    def _keep(self, frame: bytes) -> None:
        kept = self._kept
        kept.append(frame)
        self._kept_bytes += len(frame)
        while len(kept) > self._max_kept or self._kept_bytes > self._max_bytes:
            self._kept_bytes -= len(kept.popleft())

    def tell(self, event: str, payload: dict[str, object]) -> None:
        """Send an event that is not kept: a peer that resumes learns the state from its join."""
        if self.outlet is not None:
            self.outlet.write(wire.event(event, payload))
