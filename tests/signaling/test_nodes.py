"""Three nodes on one Redis: pairs across them, replacement, resume, a restart of Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import Redis, Running, Serve
from tests.signaling.test_story import OFFER
from tests.support.wait import eventually


@pytest.fixture
async def nodes(serve: Serve, redis_server: Redis) -> list[Running]:
    """Three nodes on one Redis, one of them hosted by ASGI."""
    started = [
        await serve(carrier, redis_url=redis_server.url, drain_seconds=0.2)
        for carrier in ("picows", "plain", "picows")
    ]
    for node in started:
        await ready(node)
    return started


async def ready(node: Running, *, wanted: bool = True) -> None:
    async def is_ready() -> bool:
        return node.hub.directory.ready() is wanted

    await eventually(is_ready, within=30)


async def across(one: Running, other: Running) -> tuple[Client, Client, str]:
    """A pair with one foot in each node."""
    mentor, student = one.project.someone("Mia"), one.project.someone("Stu")
    room = one.project.room(mentor, student)
    first, second = await one.client(mentor), await other.client(student)
    await first.join(room)
    answer = await second.join(room)
    assert [peer["peer"] for peer in answer["peers"]] == [first.peer]
    told = await first.event("peer-joined")
    assert (told["peer"], told["name"], told["polite"]) == (second.peer, "Stu", False)
    return first, second, room


async def test_a_pair_across_nodes_talks_both_ways_in_order(nodes: list[Running]) -> None:
    first, second, _ = await across(nodes[0], nodes[1])
    for number in range(40):
        await first.raw(
            f'42["signal",{{"to":"{second.peer}","candidate":{{"candidate":"{number}"}}}}]'
        )
    assert await first.signal(second, description=OFFER) == {}
    assert await second.signal(first, candidate=None) == {}
    await second.until(lambda: len(second.signals()) == 41)
    heard = [one["candidate"]["candidate"] for one in second.signals()[:40]]
    assert heard == [str(number) for number in range(40)]
    assert [one["seq"] for one in second.signals()] == list(range(1, 42))
    assert (await first.event("signal"))["from"] == second.peer
    await second.call("leave")
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "left"}
    with pytest.raises(RefusedError, match="unknown_peer"):
        await first.signal(second, description=OFFER)


async def test_nodes_that_have_not_talked_for_a_while_hear_each_other_again(
    nodes: list[Running],
) -> None:
    first, second, _ = await across(nodes[0], nodes[1])
    for _ in range(5):
        assert await first.signal(second, candidate=None) == {}
    await first.call("leave")
    await second.call("leave")
    directory: Any = nodes[0].hub.directory

    async def nothing_kept_for_the_other() -> bool:
        return not directory._crossings._outboxes

    await eventually(nothing_kept_for_the_other, within=30)
    first, second, _ = await across(nodes[0], nodes[1])
    for number in range(3):
        assert await first.signal(second, candidate={"candidate": str(number)}) == {}
    await second.until(lambda: len(second.signals()) == 3)


async def test_capacity_and_replacement_hold_across_nodes(nodes: list[Running]) -> None:
    people = [nodes[0].project.someone(name) for name in ("Mia", "Stu", "Eve")]
    room = nodes[0].project.room(*people)
    clients = [await node.client(one) for node, one in zip(nodes, people, strict=True)]
    results = await asyncio.gather(*(one.join(room) for one in clients), return_exceptions=True)
    refused = [one for one in results if isinstance(one, RefusedError)]
    assert [one.code for one in refused] == ["room_full"]
    inside = next(at for at in range(3) if not isinstance(results[at], RefusedError))
    again = await nodes[(inside + 1) % 3].client(people[inside])
    answer = await again.join(room)
    assert len(answer["peers"]) == 1
    assert await clients[inside].event("room-closed") == {"reason": "replaced"}


async def test_a_peer_resumes_on_another_node_with_what_it_missed(nodes: list[Running]) -> None:
    first, second, room = await across(nodes[0], nodes[1])
    await first.signal(second, description=OFFER)
    await second.until(lambda: len(second.signals()) == 1)
    second.vanish()
    await second.until_closed()
    for number in range(5):
        await first.signal(second, candidate={"candidate": str(number)})
    person = second.joined["resume"]
    back = await nodes[2].client(second.someone)
    answer = await back.join(room, resume=person | {"seen": 1})
    assert (answer["resumed"], answer["peer"], answer["missed"]) == (True, second.peer, False)
    await back.until(lambda: len(back.signals()) == 5)
    assert [one["seq"] for one in back.signals()] == [2, 3, 4, 5, 6]
    assert await first.signal(back, candidate=None) == {}
    assert await back.signal(first, candidate=None) == {}
    await back.until(lambda: len(back.signals()) == 6)
    assert not [name for name, _ in first.events if name in ("peer-left", "peer-joined")]


async def test_redis_away_refuses_the_new_keeps_local_calls_and_recovers(
    nodes: list[Running], redis_server: Redis
) -> None:
    first, second, room = await across(nodes[0], nodes[1])
    mentor, student = nodes[0].project.someone(), nodes[0].project.someone()
    local = nodes[0].project.room(mentor, student)
    left, right = await nodes[0].client(mentor), await nodes[0].client(student)
    await left.join(local)
    await right.join(local)
    await redis_server.stop()
    for node in nodes:  # else one that has not noticed yet is taken for one that is back
        await ready(node, wanted=False)
    newcomer = nodes[0].project.someone()
    client = await nodes[0].client(newcomer)
    with pytest.raises(RefusedError, match="unavailable"):
        await client.join(nodes[0].project.room(newcomer))
    assert await left.signal(right, description=OFFER) == {}
    # Across nodes it can only wait; it is accepted when Redis is back, without having been lost.
    crossing = [
        asyncio.ensure_future(first.signal(second, candidate={"candidate": str(number)}))
        for number in range(10)
    ]
    await redis_server.start()
    for node in nodes:
        await ready(node)
    assert await asyncio.gather(*crossing) == [{}] * 10
    await second.until(lambda: len(second.signals()) == 10)
    heard = [one["candidate"]["candidate"] for one in second.signals()]
    assert heard == [str(number) for number in range(10)]
    # Redis came back empty, and yet the room is known to be full.
    eve = nodes[0].project.someone("Eve")
    nodes[0].project.rooms[room]["people"].append(eve.id)
    third = await nodes[2].client(eve)
    with pytest.raises(RefusedError, match="room_full"):
        await third.join(room)
    assert (await client.join(nodes[0].project.room(newcomer)))["peers"] == []
