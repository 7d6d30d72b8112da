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
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
import pytest_asyncio

from mentorkit import AsyncMentorkit, ConnectionStatus, LiveOptions, Notice
from mentorkit._clock import AsyncClock
from mentorkit._live.watch import AsyncWatch
from mentorkit.errors import NotSignedIn
from tests.sdk.clocks import FastClock
from tests.sdk.conftest import no_task_left
from tests.sdk.cutting import Wire
from tests.sdk.noticing import write_notices
from tests.sdk.spare import SpareGateway
from tests.support.campaign import size
from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv, start_stack, stop_stack
from tests.support.wait import eventually

SOON = 15.0
QUICK = LiveOptions(heartbeat=0.3, patience=0.5, longest_pause=0.3)


@pytest.fixture(scope="module")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def own(own_data: Path) -> Iterator[StackEnv]:
    """A stack that nobody else uses: its parts are killed here."""
    try:
        yield start_stack(own_data)
    finally:
        stop_stack(own_data)


@pytest.fixture(scope="module")
def spare_process(own: StackEnv, own_data: Path) -> Iterator[SpareGateway]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    gateway = SpareGateway(own_data, own_data, port)
    yield gateway
    gateway.kill()


@pytest_asyncio.fixture
async def spare(spare_process: SpareGateway) -> SpareGateway:
    """A running gateway that may be killed."""
    if not await spare_process.runs():
        await spare_process.start()
    return spare_process


class Reader:
    """Somebody who watches their notices, and what they got."""

    def __init__(self, client: AsyncMentorkit, person: Person, own: StackEnv) -> None:
        self.client = client
        self.watch: AsyncWatch[Notice] = client.notifications.watch()
        self.got: list[int] = []
        self._written = 0
        self._person = person
        self._own = own

    async def begin(self) -> None:
        """Iterate until the changes flow."""
        while self.client.connection.status is not ConnectionStatus.LIVE:
            with pytest.raises(TimeoutError):
                await self.watch.next(timeout=0.1)

    async def write(self, many: int) -> None:
        numbers = range(self._written, self._written + many)
        self._written += many
        await write_notices(self._own, self._person.id, numbers)

    async def read_all(self) -> None:
        """Read until everything that was written came; then nothing more may come."""
        while len(self.got) < self._written:
            self.got.append((await self.watch.next(timeout=SOON)).payload["number"])
        assert self.got == list(range(self._written))

    async def nothing_comes_twice(self) -> None:
        with pytest.raises(TimeoutError):
            await self.watch.next(timeout=0.3)
        assert self.got == list(range(self._written))

    async def noticed(self) -> None:
        """Wait until the client has seen that its connection is gone."""

        async def gone() -> bool:
            return self.client.connection.status is not ConnectionStatus.LIVE

        await eventually(gone, within=SOON)


MakeReader = Callable[..., Awaitable[Reader]]


@pytest_asyncio.fixture
async def reader(own: StackEnv) -> AsyncIterator[MakeReader]:
    """Makes readers whose changes flow; whatever a test does to them, nothing of them is left."""
    clients: list[AsyncMentorkit] = []

    async def make(url: str, person: Person | None = None, **options: Any) -> Reader:
        person = person or await sign_up(own, "Ada")
        client = AsyncMentorkit(url, own.publishable_key, **({"live": QUICK} | options))
        clients.append(client)
        if "access_token" not in options:
            await client.auth.sign_in(email=person.email, password=person.password)
        made = Reader(client, person, own)
        await made.begin()
        return made

    yield make
    for client in clients:
        await client.aclose()
    await no_task_left()


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
    reading = asyncio.create_task(_read(ada, 6))
    await ada.write(3)
    spare.kill()
    await ada.write(3)
    clock.at(outage, spare.start)
    async with asyncio.timeout(30):
        await reading
    assert ada.got == list(range(6))
    tries = [pause for pause in clock.pauses if pause > 0]
    assert sum(tries) >= outage
    assert len(tries) < 120, "a client that hammers the server keeps it from coming back"
    assert max(tries) <= 30
    await ada.nothing_comes_twice()


async def _read(ada: Reader, many: int) -> None:
    while len(ada.got) < many:
        ada.got.append((await ada.watch.next()).payload["number"])


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


async def test_a_token_that_expires_while_the_connection_is_away(
    reader: MakeReader, own: StackEnv
) -> None:
    clock = FastClock()
    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, clock=clock)
        before = await ada.client.auth.access_token()
        wire.sever()
        clock.passed += 2 * 3600
        await ada.write(3)
        await ada.read_all()
        assert await ada.client.auth.access_token() != before
        await ada.nothing_comes_twice()


async def test_a_token_that_the_server_refuses_on_the_way_back(
    reader: MakeReader, own: StackEnv, own_data: Path
) -> None:
    """Expired for good, by the server's clock: the next one is asked for and all goes on."""
    secret = json.loads((own_data / "keys.json").read_text())["jwt_secret"]
    person = await sign_up(own, "Ada")
    lives: list[float] = [3600.0]

    def token() -> str:
        now = int(time.time())
        claims = jwt.decode(person.access_token, options={"verify_signature": False})
        claims |= {"iat": now - 7200, "exp": now + int(lives.pop() if lives[1:] else lives[0])}
        return jwt.encode(claims, secret, "HS256")

    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, person=person, access_token=token)
        lives[:] = [3600.0, -60.0]  # the next one that is asked for has expired, those after not
        wire.sever()
        await ada.write(3)
        await ada.read_all()
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


async def test_a_fresh_token_reaches_the_open_connection(reader: MakeReader, own: StackEnv) -> None:
    async with Wire(port_of(own)) as wire:
        clock = FastClock()
        ada = await reader(wire.url, clock=clock, live=LiveOptions(heartbeat=0.2))
        opened = wire.accepted
        before = await ada.client.auth.access_token()
        clock.passed += 3600 - 30
        await ada.write(1)
        await ada.read_all()

        async def renewed() -> bool:
            return await ada.client.auth.access_token() != before

        await eventually(renewed)
        await ada.write(2)
        await ada.read_all()
        assert wire.accepted - opened <= 1, "only the refresh itself, not another websocket"
        assert ada.client.connection.status is ConnectionStatus.LIVE


async def test_a_session_that_was_ended_elsewhere_ends_the_watch(
    reader: MakeReader, own: StackEnv
) -> None:
    clock = FastClock()
    ada = await reader(own.supabase_url, clock=clock)
    async with AsyncMentorkit(own.supabase_url, own.publishable_key) as other:
        await other.auth.sign_in(email=ada._person.email, password=ada._person.password)
        await other.auth.sign_out(everywhere=True)
    clock.passed += 7200
    with pytest.raises(NotSignedIn, match="ended"):
        await ada.watch.next(timeout=SOON)


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
            await _read(ada, changes)
            await asyncio.gather(cutting, writing)
        assert ada.got == list(range(changes))
        await ada.nothing_comes_twice()
        assert wire.accepted > cuts


def postmaster(data: Path) -> int:
    return int(json.loads((data / "state.json").read_text())["children"]["postgres"])


def port_of(own: StackEnv) -> int:
    return int(own.supabase_url.rsplit(":", 1)[1])


def test_the_clock_of_the_client_is_the_real_one_by_default() -> None:
    assert AsyncMentorkit("http://localhost", "key")._clock.__class__ is AsyncClock
