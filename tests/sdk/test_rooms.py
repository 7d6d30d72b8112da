"""A peer written in Python meets another one in the room, through the real signaling server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentorkit import PeerJoined, PeerLeft, Signal
from mentorkit.errors import NotSignedIn, RoomRefused, Unavailable
from tests.sdk.faces import Actor, Face, InThread

SOON = 10.0


async def meeting(face: Face) -> tuple[Actor, Actor, str]:
    """A session that begins in a minute or two: its room is open."""
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    soon = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    request = await face.request(student, mentor, requested_time=soon)
    session = await mentor.client.requests.approve(request.id)
    return student, mentor, session.video_room_id


async def enter(face: Face, actor: Actor, room: str) -> Any:
    joined = await actor.client.rooms.join(room, signaling_url=face.stack.signaling_url)
    return joined if face.kind == "async" else InThread(joined)


async def test_two_peers_meet_and_talk(face: Face) -> None:
    student, mentor, room = await meeting(face)
    access = await student.client.rooms.access(room)
    assert (access.may_join, access.role, access.code) == (True, "student", None)

    there = await enter(face, mentor, room)
    newcomer = await enter(face, student, room)
    joined = await there.next(timeout=SOON)
    assert isinstance(joined, PeerJoined)
    assert (joined.peer.name, joined.peer.role) == ("Sam", "student")

    await there.signal(joined.peer.peer, description={"type": "offer", "sdp": "v=0"})
    offer = await newcomer.next(timeout=SOON)
    assert isinstance(offer, Signal)
    assert offer.description == {"type": "offer", "sdp": "v=0"}
    await newcomer.signal(offer.sender, description={"type": "answer", "sdp": "v=0"})
    await newcomer.signal(offer.sender, candidate={"candidate": "candidate:1", "sdpMid": "0"})
    answer, candidate = await there.next(timeout=SOON), await there.next(timeout=SOON)
    assert (answer.description["type"], candidate.candidate["sdpMid"]) == ("answer", "0")

    await newcomer.leave()
    left = await there.next(timeout=SOON)
    assert isinstance(left, PeerLeft)
    assert left.reason == "left"
    await there.leave()


async def test_a_stranger_is_not_let_in(face: Face) -> None:
    _, _, room = await meeting(face)
    eve = await face.person("Eve")
    with pytest.raises(RoomRefused) as refusal:
        await enter(face, eve, room)
    assert refusal.value.code in ("not_a_participant", "unknown_room")
    with pytest.raises(RoomRefused) as refusal:
        await enter(face, eve, "room-00000000")
    assert refusal.value.code == "unknown_room"
    assert (await eve.client.rooms.access("room-00000000")).code == "unknown_room"


async def test_a_visitor_is_told_to_sign_in(face: Face) -> None:
    with pytest.raises(NotSignedIn):
        await face.client().rooms.join("room-a3b5c7d9", signaling_url=face.stack.signaling_url)


async def test_a_token_that_signaling_refuses(async_face: Face) -> None:
    made_up = "e30.eyJzdWIiOiI1ZWVkMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ.x"
    client = async_face.client(access_token=made_up)
    with pytest.raises(RoomRefused) as refusal:
        await client.rooms.join("room-a3b5c7d9", signaling_url=async_face.stack.signaling_url)
    assert refusal.value.code == "unauthorized"


async def test_a_server_that_is_not_there(async_face: Face, unused_tcp_port: int) -> None:
    ada = await async_face.person("Ada")
    with pytest.raises(Unavailable):
        await ada.client.rooms.join(
            "room-a3b5c7d9", signaling_url=f"http://127.0.0.1:{unused_tcp_port}", patience=2
        )


async def test_leaving_ends_the_iteration(async_face: Face) -> None:
    student, _, room = await meeting(async_face)
    joined = await enter(async_face, student, room)
    reading = asyncio.create_task(_all(joined))
    await asyncio.sleep(0)
    await joined.leave()
    await joined.leave()
    assert await reading == []


async def _all(room: Any) -> list[Any]:
    return [event async for event in room]
