"""What the tests of the SDK share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mentorkit import AsyncMentorkit
from tests.sdk.faces import Face
from tests.sdk.reading import QUICK, Reader
from tests.support.people import Person, sign_up
from tests.support.spare_gateway import SpareGateway
from tests.support.stack import StackEnv, start_stack, stop_stack


@pytest_asyncio.fixture(params=["async", "sync"])
async def face(request: pytest.FixtureRequest, stack: StackEnv) -> AsyncIterator[Face]:
    """Each test that takes this runs once with each face."""
    made = Face(request.param, stack)
    yield made
    await made.close()
    if made.kind == "async":
        await no_task_left()


@pytest_asyncio.fixture
async def async_face(stack: StackEnv) -> AsyncIterator[Face]:
    """For what only concerns the async face."""
    made = Face("async", stack)
    yield made
    await made.close()
    await no_task_left()


async def no_task_left() -> None:
    """Whoever closes a client has nothing of it running."""
    here = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not here and "mentorkit" in repr(task)]
    assert not left, left


@pytest.fixture(scope="session")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def own(own_data: Path) -> Iterator[StackEnv]:
    """A stack that nobody else uses: its parts are killed here."""
    try:
        yield start_stack(own_data)
    finally:
        stop_stack(own_data)


@pytest.fixture(scope="session")
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
