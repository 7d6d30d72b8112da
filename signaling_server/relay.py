"""The fast path: a signal that has the form every client library gives it goes straight to its
peer.

    42["signal",{"to":"<16 characters>",<description or candidate>}]      (with an ack id after 42,
    or none)

The text is checked against the schema once and passed through as it came: only `"to":"…"` is
replaced by who sent it and its number. Whatever differs (other order of keys, spaces, an unknown
peer, a fault) is left to the ordinary way, which decides the same and knows how to refuse. Rate
and credit are already paid.
"""

from typing import TYPE_CHECKING

from signaling_server.payloads import MALFORMED, PEER_LENGTH, signal_event
from signaling_server.seats import Target

if TYPE_CHECKING:
    from signaling_server.connection import Connection

_HEAD = b'["signal",{"to":"'
_AFTER = b'",'


def relay(connection: "Connection", data: bytes, targets: dict[bytes, Target]) -> bool:
    """Relay `data` and answer True, or touch nothing and answer False."""
    start = data.find(b"[", 2, 20)
    to_at = start + len(_HEAD)
    end = to_at + PEER_LENGTH
    target = targets.get(data[to_at:end])
    seat = connection.seat
    if (
        target is None
        or target is seat
        or seat is None
        or not data.startswith(b"42")
        or not data.startswith(_HEAD, start)
        or not data.startswith(_AFTER, end)
        or len(data) > connection.hub.settings.max_message_bytes
    ):
        return False
    ack = data[2:start]
    if ack and not ack.isdigit():
        return False
    try:
        _, signal = signal_event.decode(data[start:])
    except MALFORMED:
        return False
    if signal.to != target.member.peer:  # the key twice
        return False
    connection.hub.metrics.relayed += 1
    target.deliver(seat.head, data[end + 2 :], connection, ack)
    return True
