"""A node that holds idle clients and busy rooms for a long time keeps its memory."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from tests.signaling.client import Client
from tests.signaling.processes import NodeProcess
from tests.signaling.project import Project
from tests.support.campaign import size

SECONDS = size(6, 600)
IDLE = size(100, 1000)
ROOMS = size(20, 200)
DRIFT = 0.02


async def chatter(one: Client, other: Client, until: float) -> int:
    """Signals in both directions, as many as a lively call; answers how many were accepted."""
    count = 0
    sdp = "v=0\r\n" + "a=rtpmap:111 opus/48000/2\r\n" * 50
    while time.monotonic() < until:
        for speaker, listener in ((one, other), (other, one)):
            await speaker.signal(listener, description={"type": "offer", "sdp": sdp})
            await speaker.signal(listener, candidate={"candidate": f"candidate:{count}"})
            count += 2
            speaker.events.clear()
            speaker.frames.clear()
            speaker.acks.clear()
        await asyncio.sleep(0.5)
    return count


@pytest.mark.timeout(900)
async def test_memory_stays_flat(project: Project) -> None:
    node = await NodeProcess.start(project, idle_seconds=3600, ping_seconds=5)
    clients: list[Client] = []
    try:
        for _ in range(IDLE):
            client = await Client.connect(node.url)
            await client.enter({"token": project.someone().token})
            clients.append(client)
        pairs = []
        for _ in range(ROOMS):
            people = project.someone(), project.someone()
            room = project.room(*people)
            two = await Client.connect(node.url), await Client.connect(node.url)
            for client, person in zip(two, people, strict=True):
                await client.enter({"token": person.token})
                await client.join(room)
            clients += two
            pairs.append(two)
        until = time.monotonic() + SECONDS
        talking = [asyncio.ensure_future(chatter(*pair, until)) for pair in pairs]
        samples: list[int] = []
        while time.monotonic() < until:
            samples.append(node.memory())
            await asyncio.sleep(SECONDS / 120)
        accepted = sum(await asyncio.gather(*talking))
        assert not any(client.closed for client in clients), "somebody was thrown out"
        third = len(samples) // 3
        middle = statistics.mean(samples[third : 2 * third])
        last = statistics.mean(samples[2 * third :])
        print(
            f"soak: {len(clients)} clients, {accepted} signals in {SECONDS} s, "
            f"RSS middle third {middle / 1e6:.2f} MB, last {last / 1e6:.2f} MB, "
            f"{last / middle - 1:+.2%}"
        )
        assert abs(last / middle - 1) <= DRIFT
    finally:
        for client in clients:
            await client.close()
        await node.stop()
