"""Frames no client library sends: the server answers or closes, and goes on serving others."""

from __future__ import annotations

import json
import os

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import OP_CONT, OP_TEXT, Frame

from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import Running
from tests.signaling.test_story import OFFER

MALFORMED = [
    "", "x", "9", "0", "5", "6", "2probe", "4", "47", "4x", "42/other,[\"join\",{}]",
    "44{}", "45", "451-[\"signal\",{\"_placeholder\":true,\"num\":0}]", "461-1[{}]",
    "423-[\"signal\"]", "4\0", "40{\"token\":\"again\"}",
]  # fmt: skip


async def test_a_malformed_frame_ends_the_connection_and_nothing_else(node: Running) -> None:
    first, second = await node.pair()
    for frame in MALFORMED:
        culprit = await node.client(node.project.someone())
        await culprit.raw(frame)
        assert await culprit.until_closed() == 1002, frame
    assert await first.signal(second, description=OFFER) == {}


async def test_binary_frames_end_the_connection(node: Running) -> None:
    client = await node.client(node.project.someone())
    await client.raw(b"\x04" + os.urandom(40))
    assert await client.until_closed() == 1003


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


BAD_PAYLOADS = [
    [], ["join"], ["join", {}], ["join", {"room": 7}], ["join", {"room": "room-a", "more": 1}],
    ["join", {"room": "x" * 300}], ["join", {"room": "room-aaaaaaaa"}, 2], ["nothing", {}],
    ["connect", {}], ["disconnect", {}], ["__proto__", {}], [7, {}], [None], [["join"], {}],
    ["leave", 1], ["leave", {"room": "x"}], ["access_token", {}], ["access_token", {"token": 1}],
    ["signal", None], ["signal", {}], ["signal", {"to": "A" * 16}],
    ["signal", {"to": "short", "candidate": None}],
    ["signal", {"to": "A" * 16, "candidate": None, "description": OFFER}],
    ["signal", {"to": "A" * 16, "candidate": {"candidate": "x" * 3000}}],
    ["signal", {"to": "A" * 16, "candidate": {"sdpMLineIndex": -1}}],
    ["signal", {"to": "A" * 16, "candidate": {"sdpMLineIndex": 1e300}}],
    ["signal", {"to": "A" * 16, "candidate": {"nested": {"deep": 1}}}],
    ["signal", {"to": "A" * 16, "candidate": "text"}],
    ["signal", {"to": "A" * 16, "description": None}],
    ["signal", {"to": "A" * 16, "description": {"type": "shout", "sdp": ""}}],
    ["signal", {"to": "A" * 16, "description": {"type": "offer", "sdp": 1}}],
    ["signal", {"to": "A" * 16, "description": OFFER, "from": "B" * 16}],
]  # fmt: skip


UNREADABLE = [
    '["signal",{',
    '["signal",NaN]',
    deep(20_000),
    '["signal",' + deep(9_000) + "]",
    '["signal",{"to":"' + "\\ud800" * 16 + '","candidate":null}]',
    '["signal"]x',
]


async def test_payloads_that_do_not_fit_are_refused_one_by_one(node: Running) -> None:
    first, second = await node.pair()
    for payload in BAD_PAYLOADS:
        text = json.dumps(payload).replace("A" * 16, second.peer)
        first.acks.clear()
        await first.raw(f"42991{text}")
        answer = await first.until(lambda: first.acks.get(991))
        assert answer["error"]["code"] == "bad_payload", payload
    assert second.signals() == []
    for text in UNREADABLE:
        first.acks.clear()
        await first.raw("42992" + text)
        answer = await first.until(lambda: first.acks.get(992))
        assert answer["error"]["code"] == "bad_payload", text[:40]
    assert await first.signal(second, description=OFFER) == {}


@pytest.mark.parametrize(
    "shape",
    [
        '42{ack}["signal",{{"candidate":{c},"to":"{to}"}}]',
        '42{ack}[ "signal" , {{ "to" : "{to}" , "candidate" : {c} }} ]',
        '42{ack}["signal",{{"to":"{to}","candidate":{c}}}] ',
        '42{ack}["\\u0073ignal",{{"to":"{to}","candidate":{c}}}]',
    ],
)
async def test_the_ordinary_way_decides_as_the_fast_one(node: Running, shape: str) -> None:
    first, second = await node.pair()
    candidate = {"candidate": 'candidate:é "quoted" \\ \u2028', "sdpMid": None}
    text = shape.format(ack="5", to=second.peer, c=json.dumps(candidate))
    await first.raw(text)
    assert await first.until(lambda: [first.acks[5]] if 5 in first.acks else None) == [{}]
    heard = await second.event("signal")
    assert heard == {"from": first.peer, "seq": 1, "candidate": candidate}


async def test_a_key_twice_cannot_misdirect_or_impersonate(node: Running) -> None:
    first, second = await node.pair()
    other, victim = await node.pair()
    tricks = [
        f'"to":"{second.peer}","to":"{victim.peer}","candidate":null',
        f'"to":"{victim.peer}","to":"{second.peer}","candidate":null',
        f'"to":"{second.peer}","candidate":null,"from":"{other.peer}"',
        f'"to":"{second.peer}","candidate":null,"seq":99',
    ]
    for trick in tricks:
        await first.raw(f'42["signal",{{{trick}}}]')
    await first.signal(second, description=OFFER)
    await second.until(lambda: any("description" in one for one in second.signals()))
    assert victim.signals() == []
    assert {one["from"] for one in second.signals()} == {first.peer}
    assert [one["seq"] for one in second.signals()] == list(range(1, len(second.signals()) + 1))


async def test_a_message_over_the_bound_is_answered_and_one_far_over_it_ends_the_connection(
    node: Running,
) -> None:
    first, second = await node.pair()
    with pytest.raises(RefusedError, match="too_large"):
        await first.signal(second, description={"type": "offer", "sdp": "x" * 70_000})
    assert second.signals() == []
    await first.raw('42["signal",{"to":"' + "x" * 300_000 + '"}]')
    assert await first.until_closed() == 1009


async def test_other_namespaces_are_refused(node: Running) -> None:
    client = await node.client(node.project.someone())
    await client.raw('40/admin,{"token":"x"}')
    refusal = await client.until(lambda: next((f for f in client.frames if "/admin" in f), None))
    assert refusal == '44/admin,{"message":"Invalid namespace"}'
    await client.raw('42/admin,1["join",{"room":"room-aaaaaaaa"}]')
    assert await client.until_closed() == 1002


async def test_events_before_admission_are_refused(node: Running) -> None:
    client = await node.client()
    with pytest.raises(RefusedError, match="unauthorized"):
        await client.join("room-aaaaaaaa")
    with pytest.raises(RefusedError, match="unauthorized"):
        await client.call("signal", {"to": "A" * 16, "candidate": None})


async def test_fragments_are_put_together_and_bounded(node: Running) -> None:
    first, second = await node.pair()
    text = f'427["signal",{{"to":"{second.peer}","candidate":null}}]'.encode()
    send_fragments(first, [text[:9], text[9:30], text[30:]])
    assert await first.until(lambda: [first.acks[7]] if 7 in first.acks else None) == [{}]
    assert (await second.event("signal"))["candidate"] is None
    send_fragments(first, [b"4" + b"x" * 50_000] + [b"y" * 50_000] * 30, end=False)
    assert await first.until_closed() in (1009, 1006)


def send_fragments(client: Client, parts: list[bytes], *, end: bool = True) -> None:
    """What `websockets` does for an iterator, but text stays as it was cut."""
    for at, part in enumerate(parts):
        frame = Frame(OP_CONT if at else OP_TEXT, part, fin=end and at == len(parts) - 1)
        client.socket.transport.write(frame.serialize(mask=True, extensions=[]))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("EIO=4&transport=polling", 400),
        ("EIO=3&transport=websocket", 400),
        ("transport=websocket", 400),
        ("EIO=4&transport=websocket&sid=made-up", 400),
    ],
)
async def test_other_transports_and_versions_are_refused_at_the_door(
    node: Running, query: str, status: int
) -> None:
    from websockets.asyncio.client import connect

    with pytest.raises(InvalidStatus) as refused:
        await connect(node.url.replace("http", "ws", 1) + f"/socket.io/?{query}")
    assert refused.value.response.status_code == status
