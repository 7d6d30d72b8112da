"""The wire format, both versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.gateway.realtime.frames import (
    BadFrame,
    Broadcast,
    Incoming,
    Version,
    decode,
    encode,
    encode_broadcast,
)
from tests.support.campaign import size

campaign = settings(deadline=None, max_examples=size(40, 2000))

VERSIONS: list[Version] = ["1.0.0", "2.0.0"]
names = st.text(max_size=20)
refs = st.one_of(st.none(), st.text("0123456789", min_size=1, max_size=5))
payloads = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=8)))


def spell(version: Version, message: Incoming) -> str:
    """A message as a client writes it."""
    if version == "2.0.0":
        parts = [message.join_ref, message.ref, message.topic, message.event, message.payload]
        return json.dumps(parts)
    return json.dumps(vars(message))


@campaign
@given(st.sampled_from(VERSIONS), refs, refs, names, names, payloads)
def test_a_message_is_read_back(
    version: Version,
    join_ref: str | None,
    ref: str | None,
    topic: str,
    event: str,
    payload: dict[str, Any],
) -> None:
    message = Incoming(join_ref, ref, topic, event, payload)
    assert decode(version, spell(version, message)) == message


def push(
    join_ref: str, ref: str, topic: str, event: str, meta: str, kind: int, body: bytes
) -> bytes:
    """A broadcast as realtime-js packs it."""
    parts = [text.encode() for text in (join_ref, ref, topic, event, meta)]
    return bytes([3, *(len(part) for part in parts), kind]) + b"".join(parts) + body


@campaign
@given(names, names, st.binary(max_size=50), st.booleans())
def test_a_binary_broadcast_is_read_back(
    topic: str, event: str, body: bytes, is_json: bool
) -> None:
    data = push("1", "7", topic, event, '{"persist":true}', int(is_json), body)
    assert decode("2.0.0", data) == Incoming(
        "1", "7", topic, "broadcast", Broadcast(event, body, is_json, {"persist": True})
    )


@campaign
@given(st.sampled_from(VERSIONS), st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_anything_else_is_refused_as_a_bad_frame(version: Version, data: bytes | str) -> None:
    try:
        message = decode(version, data)
    except BadFrame:
        return
    assert isinstance(message, Incoming)


@pytest.mark.parametrize(
    "data",
    ["", "[]", "{}", "[1,2,3]", '{"topic":1,"event":"x"}', '["1","2","t","e",[]]', b"\x03\xff"],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_no_message_of_the_protocol_is_a_bad_frame(version: Version, data: str | bytes) -> None:
    with pytest.raises(BadFrame):
        decode(version, data)


def test_frames_of_version_one_carry_a_ref_even_when_there_is_none() -> None:
    assert json.loads(encode("1.0.0", "realtime:a", "system", '{"x":1}', join_ref="4")) == {
        "ref": None,
        "topic": "realtime:a",
        "event": "system",
        "payload": {"x": 1},
    }


def test_frames_of_version_two_are_arrays() -> None:
    frame = encode("2.0.0", "realtime:a", "phx_reply", "{}", ref="5", join_ref="4")
    assert json.loads(frame) == ["4", "5", "realtime:a", "phx_reply", {}]


def test_bytes_cannot_go_to_version_one() -> None:
    assert encode_broadcast("1.0.0", "realtime:a", Broadcast("e", b"\x00", False)) is None


def test_a_broadcast_leaves_version_two_as_bytes() -> None:
    frame = encode_broadcast("2.0.0", "tö", Broadcast("e", b"{}", True, {"id": "1"}))
    assert frame == b"\x04\x03\x01\x0a\x01" + "tö".encode() + b"e" + b'{"id":"1"}' + b"{}"
