"""The wire format: Phoenix messages as JSON objects (vsn 1.0.0), or as arrays and bytes (2.0.0)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

Version = Literal["1.0.0", "2.0.0"]

BROADCAST_PUSH = 3
BROADCAST = 4
JSON_ENCODING = 1
BINARY_ENCODING = 0


class BadFrame(Exception):
    """What arrived is not a message of the protocol."""


@dataclass(frozen=True)
class Incoming:
    """One message of a client.

    `payload` is a JSON object, except for a binary broadcast: there it is the user's `Broadcast`.
    """

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: dict[str, Any] | Broadcast


@dataclass(frozen=True)
class Broadcast:
    """A user's message, its body still encoded as it came: JSON text, or bytes."""

    event: str
    body: bytes
    is_json: bool = True
    meta: dict[str, Any] | None = None


def dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def decode(version: Version, data: str | bytes) -> Incoming:
    """Read one frame. Raises BadFrame for anything that is not one."""
    if isinstance(data, bytes):
        if version == "1.0.0":
            raise BadFrame("binary frames need vsn 2.0.0")
        return decode_binary(data)
    try:
        message = json.loads(data)
    except ValueError as exc:
        raise BadFrame("not JSON") from exc
    if version == "2.0.0":
        if not isinstance(message, list) or len(message) < 5:
            raise BadFrame("expected [join_ref, ref, topic, event, payload]")
        join_ref, ref, topic, event, payload = message[:5]
    else:
        if not isinstance(message, dict):
            raise BadFrame("expected an object with topic, event, payload and ref")
        join_ref, ref = message.get("join_ref"), message.get("ref")
        topic, event, payload = message.get("topic"), message.get("event"), message.get("payload")
    if not isinstance(topic, str) or not isinstance(event, str):
        raise BadFrame("topic and event must be strings")
    if payload is None:
        payload = {}
    if not isinstance(payload, dict):
        raise BadFrame("payload must be an object")
    return Incoming(text_or_none(join_ref), text_or_none(ref), topic, event, payload)


def decode_binary(data: bytes) -> Incoming:
    """Read a broadcast as realtime-js sends it: a kind, six lengths, the strings, the body."""
    if len(data) < 7 or data[0] != BROADCAST_PUSH:
        raise BadFrame("unknown binary frame")
    *lengths, encoding = data[1:7]
    parts = []
    offset = 7
    for length in lengths:
        parts.append(data[offset : offset + length])
        offset += length
    if offset > len(data):
        raise BadFrame("binary frame is shorter than it says")
    try:
        join_ref, ref, topic, event, meta = (part.decode() for part in parts)
        meta_value = json.loads(meta) if meta else None
    except ValueError as exc:
        raise BadFrame("binary frame holds text that is not UTF-8 or JSON") from exc
    if meta_value is not None and not isinstance(meta_value, dict):
        raise BadFrame("metadata must be an object")
    body = Broadcast(event, data[offset:], encoding == JSON_ENCODING, meta_value)
    return Incoming(join_ref or None, ref or None, topic, "broadcast", body)


def text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def encode(
    version: Version,
    topic: str,
    event: str,
    payload: str,
    *,
    ref: str | None = None,
    join_ref: str | None = None,
) -> str:
    """One frame for a client; `payload` is JSON text already."""
    if version == "2.0.0":
        head = dumps([join_ref, ref, topic, event])
        return f"{head[:-1]},{payload}]"
    return (
        f'{{"ref":{dumps(ref)},"topic":{dumps(topic)},"event":{dumps(event)},"payload":{payload}}}'
    )


def encode_broadcast(
    version: Version, topic: str, message: Broadcast | dict[str, Any]
) -> str | bytes | None:
    """The frame of a broadcast; None when this version cannot carry it (bytes in vsn 1.0.0).

    A broadcast that came as a JSON message leaves as one, with all that was in it.
    """
    if isinstance(message, dict):
        return encode(version, topic, "broadcast", dumps(message))
    if version == "1.0.0":
        if not message.is_json:
            return None
        meta = "" if message.meta is None else f',"meta":{dumps(message.meta)}'
        body = message.body.decode()
        payload = f'{{"type":"broadcast","event":{dumps(message.event)},"payload":{body}{meta}}}'
        return encode(version, topic, "broadcast", payload)
    names = [topic.encode(), message.event.encode()]
    names.append(b"" if message.meta is None else dumps(message.meta).encode())
    if any(len(name) > 255 for name in names):
        return None
    encoding = JSON_ENCODING if message.is_json else BINARY_ENCODING
    head = bytes([BROADCAST, *(len(name) for name in names), encoding])
    return b"".join([head, *names, message.body])
