"""Watching through everything that goes wrong: each change comes once, in order.

Real sockets and processes: a gateway that is killed, a Postgres that is killed, a wire that is
cut. Only the long waits of the client pass on a clock of the test's own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
from pathlib import Path

import psycopg
import pytest

from mentorkit import AsyncMentorkit, LiveOptions
from mentorkit._clock import AsyncClock
from tests.sdk.clocks import FastClock
from tests.sdk.conftest import MakeReader
from tests.sdk.cutting import Wire
from tests.sdk.reading import port_of
from tests.support.campaign import size
from tests.support.spare_gateway import SpareGateway
from tests.support.stack import StackEnv
from tests.support.wait import eventually


async def test_a_gateway_that_is_killed_and_comes_back(
    reader: MakeReader, own: StackEnv, spare: SpareGateway
) -> None:
    ada = await reader(spare.url)
    await ada.write(3)
    await ada.read_all()
    spare.kill()
    await ada.write(3)
    await ada.noticed()
    await asyncio.sleep(2)  # the outage itself
    await ada.write(2)
    await spare.start()
    await ada.read_all()
    await ada.write(3)
    await ada.read_all()
    await ada.nothing_comes_twice()


@pytest.mark.parametrize("outage", [30.0, 180.0])
async def test_an_outage_of_any_length(
    reader: MakeReader, spare: SpareGateway, outage: float
) -> None:
    clock = FastClock()
    ada = await reader(spare.url, clock=clock, live=LiveOptions())
    reading = asyncio.create_task(ada.read(6))
    await ada.write(3)
    written = asyncio.Event()
    tries: list[float] = []

    async def come_back() -> None:
        tries.extend(pause for pause in clock.pauses if pause > 0)
        await written.wait()  # what the outage must not lose; the client's time stands still
        await spare.start()

    clock.at(outage, come_back)
    spare.kill()
    await ada.write(3)
    written.set()
    async with asyncio.timeout(30):
        await reading
    assert ada.got == list(range(6))
    assert sum(tries) >= outage
    assert len(tries) < 100, "a client that hammers the server keeps it from coming back"
    assert max(tries) <= 30
    await ada.nothing_comes_twice()


async def test_a_postgres_that_is_killed_and_comes_back(
    reader: MakeReader, own: StackEnv, own_data: Path
) -> None:
    ada = await reader(own.supabase_url)
    await ada.write(3)
    await ada.read_all()
    os.kill(postmaster(own_data), signal.SIGKILL)

    async def is_back() -> bool:
        try:
            await ada.write(1)
        except psycopg.Error:
            ada._written -= 1
            return False
        return True

    await eventually(is_back, within=30)
    await ada.write(3)
    await ada.read_all()
    await ada.write(3)
    await ada.read_all()
    await ada.nothing_comes_twice()


async def test_a_wire_that_is_cut_silently(
    reader: MakeReader, own: StackEnv, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mentorkit")
    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, timeout=1.0)
        await ada.write(2)
        await ada.read_all()
        wire.freeze()
        await ada.write(3)
        wire.thaw_for_new()
        await ada.read_all()

        async def heartbeat_missed() -> bool:
            return "heartbeat was not answered" in caplog.text

        await eventually(heartbeat_missed)
        await ada.nothing_comes_twice()


async def test_a_computer_that_slept(reader: MakeReader, own: StackEnv) -> None:
    clock = FastClock()
    ada = await reader(own.supabase_url, clock=clock)
    clock.slept += 3600
    await ada.noticed()
    assert "slept" in str(ada.client.connection.last_fault)
    await ada.write(2)
    await ada.read_all()
    await ada.nothing_comes_twice()


async def test_many_changes_over_many_forced_reconnects(reader: MakeReader, own: StackEnv) -> None:
    changes, cuts = size(200, 1000), size(6, 20)
    chance = random.Random(5)
    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, live=LiveOptions(longest_pause=0.2))

        async def cut() -> None:
            for number in range(cuts):
                target = (number + 1) * changes // (cuts + 1)

                async def reached(target: int = target, number: int = number) -> bool:
                    # back since the cut before: a line that is down cannot be cut
                    return ada._written >= target and wire.accepted > number

                await eventually(reached, within=60)
                await asyncio.sleep(chance.uniform(0, 0.02))
                wire.sever()

        async def write() -> None:
            for _ in range(changes // 10):
                await ada.write(10)

        cutting = asyncio.create_task(cut())
        writing = asyncio.create_task(write())
        async with asyncio.timeout(100):
            await ada.read(changes)
            await asyncio.gather(cutting, writing)
        assert ada.got == list(range(changes))
        await ada.nothing_comes_twice()
        assert wire.accepted > cuts


def postmaster(data: Path) -> int:
    return int(json.loads((data / "state.json").read_text())["children"]["postgres"])


def test_the_clock_of_the_client_is_the_real_one_by_default() -> None:
    assert AsyncMentorkit("http://localhost", "key")._clock.__class__ is AsyncClock
