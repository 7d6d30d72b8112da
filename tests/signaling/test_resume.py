"""A network gone for a moment costs a call nothing; a session that ends closes its room."""

from __future__ import annotations

import json
import time

import pytest

from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import CARRIERS, Running, Serve
from tests.signaling.test_story import OFFER
from tests.support.wait import eventually


async def back(node: Running, gone: Client, seen: int, **changes: object) -> Client:
    client = await node.client(gone.someone)
    resume = gone.joined["resume"] | {"seen": seen} | changes
    await client.join(gone.joined["room"], resume=resume)
    return client


async def test_a_peer_resumes_under_its_id_and_gets_what_it_missed(node: Running) -> None:
    first, second = await node.pair()
    await first.signal(second, description=OFFER)
    await first.signal(second, candidate={"candidate": "written to a dead network"})
    second.vanish()
    await second.until_closed()
    await first.signal(second, candidate={"candidate": "while away"})
    again = await back(node, second, seen=1)
    joined = again.joined
    assert (joined["resumed"], joined["peer"], joined["missed"]) == (True, second.peer, False)
    assert joined["polite"] is True
    await again.until(lambda: len(again.signals()) == 2)
    assert [one["candidate"]["candidate"] for one in again.signals()] == [
        "written to a dead network",
        "while away",
    ]
    assert await again.signal(first, candidate=None) == {}
    assert await first.signal(again, candidate=None) == {}
    assert not [name for name, _ in first.events if name.startswith("peer-")]


async def test_a_resume_before_the_server_noticed_supersedes_the_old_socket(node: Running) -> None:
    first, second = await node.pair()
    again = await back(node, second, seen=0)
    assert again.joined["resumed"] is True
    assert await second.until_closed() == 1013
    assert await first.signal(again, candidate=None) == {}
    assert not [name for name, _ in first.events if name.startswith("peer-")]


async def test_a_resume_that_is_cut_off_on_its_way_keeps_the_place(node: Running) -> None:
    first, second = await node.pair()
    second.vanish()
    await second.until_closed()
    cut = await node.client(second.someone)
    wish = {"room": second.joined["room"], "resume": second.joined["resume"] | {"seen": 0}}
    await cut.raw("421" + json.dumps(["join", wish]))
    cut.vanish()
    await cut.until_closed()
    again = await back(node, second, seen=0)
    assert again.joined["resumed"] is True
    assert await first.signal(again, candidate=None) == {}
    assert not [name for name, _ in first.events if name.startswith("peer-")]


@pytest.mark.parametrize("changes", [{"secret": "guess"}, {"peer": "A" * 16}])
async def test_nobody_resumes_what_is_not_theirs(node: Running, changes: dict[str, str]) -> None:
    first, second = await node.pair()
    again = await back(node, second, seen=0, **changes)
    assert again.joined["resumed"] is False
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "replaced"}
    # The right secret in the wrong hands opens nothing either.
    stranger = await node.client(node.project.someone())
    with pytest.raises(RefusedError, match="not_a_participant"):
        await stranger.join(first.joined["room"], resume=first.joined["resume"])


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_after_the_grace_time_the_peer_has_left(serve: Serve, carrier: str) -> None:
    node: Running = await serve(carrier, grace_seconds=0.5)
    first, second = await node.pair()
    second.vanish()
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "lost"}
    again = await back(node, second, seen=0)
    assert again.joined["resumed"] is False
    assert (await first.event("peer-joined"))["peer"] == again.peer


async def test_the_queue_of_an_away_peer_is_bounded_and_refuses_what_does_not_fit(
    serve: Serve,
) -> None:
    node: Running = await serve(kept_signals=3)
    first, second = await node.pair()
    second.vanish()
    await second.until_closed()
    for _ in range(3):
        await first.signal(second, candidate=None)
    with pytest.raises(RefusedError, match="rate_limited"):
        await first.signal(second, candidate=None)
    again = await back(node, second, seen=0)
    await again.until(lambda: len(again.signals()) == 3)


async def test_a_peer_that_has_missed_more_than_is_kept_is_told(serve: Serve) -> None:
    node: Running = await serve(kept_signals=3)
    first, second = await node.pair()
    for _ in range(6):
        await first.signal(second, candidate=None)
    assert (await back(node, second, seen=1)).joined["missed"] is True


async def test_joining_again_on_the_same_socket_keeps_the_peer(node: Running) -> None:
    first, second = await node.pair()
    peer = second.peer
    answer = await second.join(second.joined["room"])
    assert (answer["peer"], answer["resumed"]) == (peer, True)
    assert await first.signal(second, candidate=None) == {}


async def test_joining_another_room_leaves_the_first(node: Running) -> None:
    first, second = await node.pair()
    await second.join(node.project.room(second.someone))
    assert (await first.event("peer-left"))["reason"] == "left"


@pytest.mark.parametrize("status", ["cancelled", "completed"])
async def test_a_session_that_ends_closes_the_room(node: Running, status: str) -> None:
    first, second = await node.pair()
    node.project.rooms[first.joined["room"]]["status"] = status
    for client in (first, second):
        assert await client.event("room-closed") == {"reason": "session_over"}
    with pytest.raises(RefusedError, match="unknown_peer"):
        await first.signal(second, candidate=None)
    with pytest.raises(RefusedError, match="session_over"):
        await first.join(first.joined["room"])


async def test_the_room_closes_at_its_time(node: Running) -> None:
    person = node.project.someone()
    room = node.project.room(person, seconds=60)
    client = await node.client(person)
    await client.join(room)
    # Asked again, the database says another time: that is the one that counts.
    node.project.rooms[room]["closes"] = time.time() + 1
    assert await client.event("room-closed") == {"reason": "session_over"}


async def test_somebody_taken_off_the_session_is_put_out(node: Running) -> None:
    first, second = await node.pair()
    node.project.rooms[first.joined["room"]]["people"].remove(second.someone.id)
    assert await second.event("room-closed") == {"reason": "not_a_participant"}
    assert (await first.event("peer-left"))["reason"] == "not_a_participant"


async def test_an_outage_of_the_database_refuses_the_new_and_keeps_those_inside(
    node: Running,
) -> None:
    first, second = await node.pair()
    node.project.outage = True
    asked = node.project.room_requests
    newcomer = await node.client(node.project.someone())
    with pytest.raises(RefusedError, match="unavailable"):
        await newcomer.join("room-aaaaaaaa")

    async def was_asked_again() -> bool:
        return node.project.room_requests > asked + 3

    await eventually(was_asked_again)
    assert await first.signal(second, description=OFFER) == {}
    node.project.outage = False
    with pytest.raises(RefusedError, match="unknown_room"):
        await newcomer.join("room-aaaaaaaa")
