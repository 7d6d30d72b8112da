"""Nodes die, halt and go: what was accepted between living peers arrives, and no ghost stays."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.signaling.conftest import Redis
from tests.signaling.processes import NodeProcess, Wanderer
from tests.signaling.project import Project
from tests.support.campaign import size
from tests.support.wait import eventually

PAIRS = size(6, 40)
LEASE = 3.0  # where it is waited for
HALT = 1.5  # three times as long as a node waits before it sends a signal again
WITHIN = 60.0

Start = Callable[..., Any]


@pytest.fixture
async def start(project: Project, redis_server: Redis) -> AsyncIterator[Start]:
    """Start three nodes. Leases and grace are long, so that a busy machine loses nobody."""
    async with contextlib.AsyncExitStack() as stack:

        async def three(**settings: Any) -> list[NodeProcess]:
            chosen = {"lease_seconds": 30, "grace_seconds": 60, "drain_seconds": 60} | settings
            nodes = []
            for _ in range(3):
                node = await NodeProcess.start(project, redis_url=redis_server.url, **chosen)
                stack.push_async_callback(node.stop)
                nodes.append(node)
            return nodes

        yield three


class Talker:
    """One side of a pair. It says one thing after another; `accepted` is what was taken."""

    def __init__(self, wanderer: Wanderer, name: str) -> None:
        self.wanderer = wanderer
        self.accepted: list[str] = []
        self._texts = (f"{name}{number}" for number in itertools.count())
        self._enough = False
        self._talking: asyncio.Task[None] | None = None

    async def _say(self) -> bool:
        """Each text once: one that was refused may have arrived all the same."""
        text = next(self._texts)
        if taken := await self.wanderer.say(text):
            self.accepted.append(text)
        return taken or self._enough

    async def _talk(self) -> None:
        while not self._enough:
            await eventually(self._say, within=WITHIN)

    def start(self) -> None:
        self._talking = asyncio.ensure_future(self._talk())

    async def stop(self) -> None:
        self._enough = True
        if self._talking is not None:
            await self._talking

    @property
    def failed(self) -> bool:
        return self._talking is not None and self._talking.done()


class Pair:
    """Two people in a room of their own, each with the nodes it goes to, in turn."""

    def __init__(self, project: Project, first: list[str], second: list[str]) -> None:
        people = project.someone("Mia"), project.someone("Stu")
        room = project.room(*people)
        self.one, self.other = Wanderer(people[0], room, first), Wanderer(people[1], room, second)
        self.talkers = Talker(self.one, "a"), Talker(self.other, "b")

    async def assert_nothing_lost(self, repeats: int) -> None:
        for talker, listener in zip(self.talkers, (self.other, self.one), strict=True):

            async def heard_all(
                listener: Wanderer = listener, wanted: list[str] = talker.accepted
            ) -> bool:
                return set(wanted) <= set(listener.heard)

            try:
                await eventually(heard_all, within=20)
            except AssertionError:
                lost = [text for text in talker.accepted if text not in listener.heard]
                said = len(talker.accepted)
                raise AssertionError(f"accepted and lost: {lost[:10]} of {said}") from None
            again = len(listener.heard) - len(set(listener.heard))
            assert again <= repeats, f"{again} heard twice"


async def pairs(project: Project, first: list[str], second: list[str]) -> list[Pair]:
    made = [Pair(project, first, second) for _ in range(PAIRS)]
    for pair in made:
        await pair.one.start()
        await pair.other.start()

    async def all_met() -> bool:
        return all(pair.one.partner and pair.other.partner for pair in made)

    await eventually(all_met, within=WITHIN)
    return made


async def said_more(made: list[Pair], count: int = 15) -> None:
    """Until everybody had so many more accepted."""
    talkers = [talker for pair in made for talker in pair.talkers]
    wanted = {talker: len(talker.accepted) + count for talker in talkers}

    async def all_did() -> bool:
        assert not any(talker.failed for talker in talkers)
        return all(len(talker.accepted) >= number for talker, number in wanted.items())

    await eventually(all_did, within=WITHIN)


async def finish(made: list[Pair], repeats: int = 0) -> None:
    """Nobody talks any more, and everything accepted was heard."""
    for pair in made:
        for talker in pair.talkers:
            await talker.stop()
    for pair in made:
        await pair.assert_nothing_lost(repeats)
        for one in (pair.one, pair.other):
            assert one.left == []
            await one.stop()


def talk(made: list[Pair]) -> None:
    for pair in made:
        for talker in pair.talkers:
            talker.start()


async def test_killing_a_node_under_load_loses_nothing_accepted(
    project: Project, start: Start
) -> None:
    nodes = await start()
    urls = [node.url for node in nodes]
    made = await pairs(project, urls[:1], [urls[1], urls[2]])
    talk(made)
    await said_more(made)
    nodes[1].kill()

    async def all_back() -> bool:
        return all(pair.other.resumes == [True] for pair in made)

    await eventually(all_back, within=WITHIN)
    await said_more(made)
    # A node that died may not have come to say what it had delivered.
    await finish(made, repeats=5)


async def test_ghosts_of_a_killed_node_are_gone_within_the_lease(
    project: Project, start: Start
) -> None:
    nodes = await start(lease_seconds=LEASE)
    urls = [node.url for node in nodes]
    made = await pairs(project, urls[:1], urls[1:2])
    for pair in made:
        await pair.other.stop()  # and never comes back
    nodes[1].kill()

    async def all_told() -> bool:
        return all(pair.one.left == ["lost"] for pair in made)

    # The lease, and the third of it after which the others look; the rest is for a busy machine.
    await eventually(all_told, within=LEASE * 4 / 3 + 10)
    eve = Wanderer(made[0].other.someone, made[0].one.room, urls[2:])
    await eve.start()
    assert eve.partner
    await eve.stop()
    for pair in made:
        await pair.one.stop()


async def test_a_node_that_halts_while_its_peers_move_loses_and_repeats_nothing(
    project: Project, start: Start
) -> None:
    nodes = await start()
    urls = [node.url for node in nodes]
    made = await pairs(project, urls[:1], [urls[1], urls[2]])
    talk(made)
    await said_more(made)
    nodes[1].halt()
    for pair in made:
        assert pair.other.client is not None
        pair.other.client.vanish()
    until = time.monotonic() + HALT

    async def halted_long_enough() -> bool:
        return time.monotonic() > until

    await eventually(halted_long_enough)
    nodes[1].go_on()
    await said_more(made)
    await finish(made)
    for pair in made:
        assert (pair.other.resumes, pair.other.missed) == ([True], 0)


async def test_a_rolling_drain_moves_everybody_and_loses_nothing(
    project: Project, start: Start
) -> None:
    nodes = await start()
    urls = [node.url for node in nodes]
    made = await pairs(project, urls, [*urls[1:], urls[0]])
    talk(made)
    await said_more(made)
    for node in nodes[:2]:
        node.drain()
        assert await asyncio.wait_for(node.process.wait(), WITHIN) == 0
        await said_more(made)
    await finish(made)
    for pair in made:
        for one in (pair.one, pair.other):
            assert all(one.resumes), one.resumes
            assert one.missed == 0
