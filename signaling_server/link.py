"""Signals from one node to another, so that what was accepted arrives, once and in order.

Redis' publish forgets what nobody hears, so every signal has a number, stays with the sender until
the receiver has confirmed it, and is sent again when that takes too long or Redis came back. Only
then is the client told that its signal was accepted. No I/O here: `crossings.py`
carries the messages.
"""

from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from signaling_server.errors import Refused
from signaling_server.seats import Sender

MAX_WAITING = 4096
MAX_WAITING_BYTES = 4_194_304


class Signals(msgspec.Struct, tag="s", array_like=True, gc=False):
    """Numbered signals; `base` is the oldest the sender still waits for."""

    node: str
    base: int
    first: int
    signals: list[tuple[str, str, bytes]]  # to, from, rest of the frame


class Confirmed(msgspec.Struct, tag="c", array_like=True, gc=False):
    """Everything up to `upto` was decided; `refused` are those that were not accepted."""

    node: str
    upto: int
    refused: list[tuple[int, str]]


class HandOver(msgspec.Struct, tag="h", array_like=True, gc=False):
    """A seat's numbering and what it keeps, for the node its peer went to."""

    peer: str
    seq: int
    kept: list[bytes]


Message = Signals | Confirmed | HandOver
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Message).decode


@dataclass(slots=True)
class Waiting:
    """A signal that is not confirmed yet."""

    to: str
    by: str
    tail: bytes
    sender: Sender
    ack: bytes
    since: float


class Outbox:
    """What goes to one node."""

    def __init__(self, node: str, first: int = 1) -> None:
        self.node = node
        self._next = first
        self._sent_upto = first - 1
        self._waiting: OrderedDict[int, Waiting] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, signal: Waiting) -> None:
        """Take a signal on; raises Refused when too much waits already."""
        if len(self._waiting) >= MAX_WAITING or self._bytes > MAX_WAITING_BYTES:
            raise Refused("unavailable", "Too much waits for the node of that peer.")
        self._waiting[self._next] = signal
        self._bytes += len(signal.tail)
        self._next += 1

    def batch(self, me: str, *, again: bool = False) -> Signals | None:
        """What was not sent yet, or with `again` everything that waits."""
        base = next(iter(self._waiting), self._next)
        first = base if again else max(self._sent_upto + 1, base)
        if first >= self._next:
            return None
        signals = [(one.to, one.by, one.tail) for n, one in self._numbered() if n >= first]
        if not signals:
            return None
        self._sent_upto = self._next - 1
        # Numbers taken out of the middle travel as holes: the receiver counts, it does not look.
        if len(signals) != self._next - first:
            signals = [
                (one.to, one.by, one.tail) if (one := self._waiting.get(n)) else ("", "", b"")
                for n in range(first, self._next)
            ]
        return Signals(me, base, first, signals)

    def confirm(self, upto: int, refused: dict[int, str], *, moved: str) -> list[Waiting]:
        """Settle what was decided; answers those to be sent where their peer went (`moved`)."""
        elsewhere = []
        while self._waiting:
            number = next(iter(self._waiting))
            if number > upto:
                break
            one = self._take(number)
            code = refused.get(number)
            if code is None:
                one.sender.accepted(one.ack)
            elif code == moved:
                elsewhere.append(one)
            else:
                one.sender.refused(one.ack, Refused(code))
        return elsewhere

    def take_for(self, peer: str) -> list[Waiting]:
        """Take out what waits for a peer that is not there any more."""
        return [self._take(n) for n, one in self._numbered() if one.to == peer]

    def waits_for(self, peer: str) -> bool:
        return any(one.to == peer for one in self._waiting.values())

    def give_up(self, before: float) -> list[Waiting]:
        """Take out what has waited since `before`."""
        return [self._take(n) for n, one in self._numbered() if one.since < before]

    def oldest(self) -> float | None:
        """Since when the oldest waits."""
        return next((one.since for one in self._waiting.values()), None)

    def _numbered(self) -> list[tuple[int, Waiting]]:
        return list(self._waiting.items())

    def _take(self, number: int) -> Waiting:
        one = self._waiting.pop(number)
        self._bytes -= len(one.tail)
        return one


class Inbox:
    """What came from one node: which numbers are new, and which were refused.

    A refusal is repeated until the other node has heard it: a signal sent again because the answer
    was lost would otherwise count as accepted.
    """

    def __init__(self) -> None:
        self.upto = 0
        self._refused: dict[int, str] = {}

    def fresh(self, message: Signals) -> list[tuple[int, tuple[str, str, bytes]]]:
        """The signals not seen before, in order; none when earlier ones are still to come."""
        self._refused = {n: code for n, code in self._refused.items() if n >= message.base}
        if message.first > self.upto + 1 and message.base < message.first:
            return []  # a message between may be lost; the sender will repeat from `base`
        found = []
        for number, signal in enumerate(message.signals, message.first):
            if number > self.upto:
                self.upto = number
                found.append((number, signal))
        return found

    def refuse(self, number: int, code: str) -> None:
        self._refused[number] = code

    def refused(self) -> list[tuple[int, str]]:
        return list(self._refused.items())
