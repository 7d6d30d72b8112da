"""Nodes die and go: what was accepted between living peers arrives, and no ghost stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.signaling.conftest import Redis
from tests.signaling.processes import NodeProcess, Wanderer
from tests.signaling.project import Project
from tests.support.campaign import size
from tests.support.wait import eventually

LEASE = 3.0
PAIRS = size(6, 40)


@pytest.fixture
async def nodes(project: Project, redis_server: Redis) -> AsyncIterator[list[NodeProcess]]:
    started = [
        await NodeProcess.start(
            project, redis_url=redis_server.url, lease_seconds=LEASE, grace_seconds=5
        )
        for _ in range(3)
    ]
    yield started
    for node in started:
        await node.stop()


async def pairs(project: Project, first: list[str], second: list[str]) -> list[list[Wanderer]]:
    made = []
    for _ in range(PAIRS):
        people = project.someone("Mia"), project.someone("Stu")
        room = project.room(*people)
        one, other = Wanderer(people[0], room, first), Wanderer(people[1], room, second)
        await one.start()
        await other.start()
        made.append([one, other])

    async def all_met() -> bool:
        return all(one.partner and other.partner for one, other in made)

    await eventually(all_met)
    return made


async def talk(wanderer: Wanderer, name: str, stop: asyncio.Event) -> list[str]:
    """Keep talking until told to stop; answers what was accepted."""
    accepted, number = [], 0
    while not stop.is_set():
        number += 1
        text = f"{name}{number}"
        if await wanderer.say(text):
            accepted.append(text)
        await asyncio.sleep(0.005)
    return accepted


async def assert_nothing_lost(
    made: list[list[Wanderer]], said: list[list[str]], repeats: int = 0
) -> None:
    for at, (one, other) in enumerate(made):
        for speaker, listener in ((0, other), (1, one)):
            accepted = said[2 * at + speaker]
            assert len(accepted) > 20, made[at][speaker].refusals

            async def heard_all(
                listener: Wanderer = listener, wanted: list[str] = accepted
            ) -> bool:
                return set(wanted) <= set(listener.heard)

            try:
                await eventually(heard_all, within=8)
            except AssertionError:
                lost = [text for text in accepted if text not in listener.heard]
                raise AssertionError(f"accepted and lost: {lost[:10]} of {len(accepted)}") from None
            # A node that died may not have come to say what it had delivered.
            again = len(listener.heard) - len(set(listener.heard))
            assert again <= repeats, f"{again} heard twice"


async def test_killing_a_node_under_load_loses_nothing_accepted(
    project: Project, nodes: list[NodeProcess]
) -> None:
    urls = [node.url for node in nodes]
    made = await pairs(project, urls[:1], [urls[1], urls[2]])
    stop = asyncio.Event()
    talking = [
        asyncio.ensure_future(talk(one, "ab"[side], stop))
        for pair in made
        for side, one in enumerate(pair)
    ]
    await asyncio.sleep(0.5)
    nodes[1].kill()
    await asyncio.sleep(LEASE / 2)
    stop.set()
    said = await asyncio.gather(*talking)
    await assert_nothing_lost(made, said, repeats=5)
    assert all(other.resumes == [True] for _, other in made)
    assert not any(one.left or other.left for one, other in made)
    for pair in made:
        for one in pair:
            await one.stop()


async def test_ghosts_of_a_killed_node_are_gone_within_the_lease(
    project: Project, nodes: list[NodeProcess]
) -> None:
    urls = [node.url for node in nodes]
    made = await pairs(project, urls[:1], urls[1:2])
    for _, other in made:
        await other.stop()  # and never comes back
    killed_at = time.monotonic()
    nodes[1].kill()

    async def all_told() -> bool:
        return all(one.left == ["lost"] for one, _ in made)

    await eventually(all_told, within=LEASE * 4 / 3 + 6.5)
    took = time.monotonic() - killed_at
    # The lease, and the third of it after which the others look.
    assert took < LEASE * 4 / 3 + 6
    eve = Wanderer(made[0][1].someone, made[0][0].room, urls[2:])
    await eve.start()
    assert eve.partner
    await eve.stop()
    for one, _ in made:
        await one.stop()


async def test_a_rolling_drain_moves_everybody_and_loses_nothing(
    project: Project, nodes: list[NodeProcess], redis_server: Redis
) -> None:
    urls = [node.url for node in nodes]
    made = await pairs(project, urls, [*urls[1:], urls[0]])
    stop = asyncio.Event()
    talking = [
        asyncio.ensure_future(talk(one, "ab"[side], stop))
        for pair in made
        for side, one in enumerate(pair)
    ]
    await asyncio.sleep(0.3)
    for node in nodes[:2]:
        node.drain()
        assert await asyncio.wait_for(node.process.wait(), 20) == 0
    await asyncio.sleep(0.3)
    stop.set()
    said = await asyncio.gather(*talking)
    await assert_nothing_lost(made, said)
    for pair in made:
        for one in pair:
            assert all(one.resumes), one.resumes
            assert one.missed == 0
            assert one.left == []
            await one.stop()
