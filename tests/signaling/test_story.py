"""Two people meet in a room and exchange what their browsers say, on both carriers."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tests.signaling.client import RefusedError
from tests.signaling.conftest import Running, Serve

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}


async def test_the_first_makes_the_offer_and_the_newcomer_is_polite(node: Running) -> None:
    mentor, student = node.project.someone("Mia"), node.project.someone("Stu")
    room = node.project.room(mentor, student)
    first, second = await node.client(mentor), await node.client(student)
    alone = await first.join(room)
    assert (alone["peers"], alone["polite"], alone["role"]) == ([], False, "mentor")
    both = await second.join(room)
    assert both["polite"] is True
    assert both["peers"] == [{"peer": first.peer, "name": "Mia", "role": "mentor", "polite": True}]
    told = await first.event("peer-joined")
    assert told == {"peer": second.peer, "name": "Stu", "role": "student", "polite": False}


async def test_descriptions_and_candidates_reach_the_peer_only(node: Running) -> None:
    first, second = await node.pair()
    stranger, _ = await node.pair()
    assert await first.signal(second, description=OFFER) == {}
    assert await first.signal(second, candidate=CANDIDATE) == {}
    assert await second.signal(first, candidate=None) == {}
    await second.until(lambda: len(second.signals()) == 2)
    assert second.signals() == [
        {"from": first.peer, "seq": 1, "description": OFFER},
        {"from": first.peer, "seq": 2, "candidate": CANDIDATE},
    ]
    assert await first.event("signal") == {"from": second.peer, "seq": 1, "candidate": None}
    with pytest.raises(RefusedError, match="unknown_peer"):
        await stranger.signal(second, description=OFFER)
    with pytest.raises(RefusedError, match="unknown_peer"):
        await first.signal(first, description=OFFER)
    assert stranger.signals() == []


async def test_a_third_finds_the_room_full_and_a_person_again_replaces_the_older(
    node: Running,
) -> None:
    people = [node.project.someone(name) for name in ("Mia", "Stu", "Eve")]
    room = node.project.room(*people)
    first, second, third = [await node.client(one) for one in people]
    await first.join(room)
    await second.join(room)
    with pytest.raises(RefusedError, match="room_full"):
        await third.join(room)
    again = await node.client(people[1])
    answer = await again.join(room)
    assert answer["peers"][0]["peer"] == first.peer
    assert await second.event("room-closed") == {"reason": "replaced"}
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "replaced"}
    with pytest.raises(RefusedError, match="unknown_peer"):
        await second.signal(first, description=OFFER)


@pytest.mark.parametrize("code", ["too_early", "session_over"])
async def test_the_database_decides_who_joins(node: Running, code: str) -> None:
    mentor, stranger = node.project.someone(), node.project.someone()
    closed = node.project.room(mentor, code=code)
    client = await node.client(mentor)
    with pytest.raises(RefusedError, match=code):
        await client.join(closed)
    for room in ("room-00000000", "room-UPPER000", "x" * 40):
        with pytest.raises(RefusedError, match="unknown_room"):
            await client.join(room)
    other = await node.client(stranger)
    with pytest.raises(RefusedError, match="not_a_participant"):
        await other.join(node.project.room(mentor))


async def test_leaving_is_told_and_frees_the_place(node: Running) -> None:
    first, second = await node.pair()
    assert await second.call("leave") == {}
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "left"}
    with pytest.raises(RefusedError, match="unknown_peer"):
        await first.signal(second, description=OFFER)
    await first.raw("41")
    assert await first.until_closed() == 1000


async def test_turn_credentials_are_what_coturn_computes(serve: Serve) -> None:
    node = await serve(
        turn_urls=("turn:turn.example.org",), turn_secret="shared", turn_seconds=600,
        stun_urls=("stun:stun.example.org",),
    )  # fmt: skip
    mentor = node.project.someone()
    client = await node.client(mentor)
    answer = await client.join(node.project.room(mentor))
    stun, turn = answer["iceServers"]
    assert stun == {"urls": ["stun:stun.example.org"]}
    assert turn["username"] == f"{answer['iceExpiresAt']}:{mentor.id}"
    mac = hmac.new(b"shared", turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(mac).decode()
    fresh = await client.call("ice_servers", {})
    assert fresh["iceExpiresAt"] >= answer["iceExpiresAt"]
