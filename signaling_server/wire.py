"""Engine.IO 4 and Socket.IO 5 over websocket text frames: only the packets this protocol needs.

Packets with attachments, other namespaces and long polling are recognised in order to be refused.
"""

import re
from typing import Any, NamedTuple

import msgspec

# Engine.IO
OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
# Socket.IO
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)

_PACKET = re.compile(rb"4([0-6])(?:(\d{1,3})-)?(/[!-+\--~]{0,128}+(?:,|$))?(\d{1,15})?")

encode_json = msgspec.json.Encoder().encode


class Malformed(Exception):
    """Bytes that no client library sends; the connection is closed."""


class Packet(NamedTuple):
    kind: int
    namespace: bytes
    ack: bytes
    body: bytes


def parse(data: bytes) -> Packet:
    """Read the head of a Socket.IO packet; the body is left as it came."""
    match = _PACKET.match(data)
    if match is None:
        raise Malformed("not a Socket.IO packet")
    kind, attachments, namespace, ack = match.groups()
    if attachments is not None and int(kind) not in (BINARY_EVENT, BINARY_ACK):
        raise Malformed("attachments on a text packet")
    return Packet(
        int(kind), (namespace or b"/").rstrip(b","), ack or b"", bytes(data[match.end() :])
    )


def opened(sid: str, *, ping: float, pong: float, limit: int) -> bytes:
    return OPEN + encode_json(
        {
            "sid": sid,
            "upgrades": [],
            "pingInterval": int(ping * 1000),
            "pingTimeout": int(pong * 1000),
            "maxPayload": limit,
        }
    )


def connected(sid: str) -> bytes:
    return b"40" + encode_json({"sid": sid})


def refused(namespace: bytes, message: str, data: Any = None) -> bytes:
    head = b"44" if namespace == b"/" else b"44" + namespace + b","
    return head + encode_json({"message": message} | ({"data": data} if data else {}))


def disconnected() -> bytes:
    return b"41"


def event(name: str, payload: Any) -> bytes:
    return b"42" + encode_json([name, payload])


def answer(ack: bytes, payload: Any) -> bytes:
    return b"43" + ack + b"[" + encode_json(payload) + b"]"
