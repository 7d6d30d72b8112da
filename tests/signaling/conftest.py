"""Servers for the tests of signaling: a project, a node on either carrier, Redis."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signaling_server.app import create_app
from signaling_server.hub import Hub
from signaling_server.listener import listen
from signaling_server.node import Node
from signaling_server.settings import Settings
from signaling_server.uvicorn_websocket import LeanWebSocket
from tests.signaling.client import Client
from tests.signaling.project import KEY, Project, Server, Someone
from tests.support.wait import eventually

CARRIERS = ("picows", "asgi")  # what `python -m signaling_server` offers

# Bounds that a test does not look at are out of its way, also on a machine that is busy.
QUICK = {
    "grace_seconds": 60,
    "recheck_seconds": 0.5,
    "connect_seconds": 60,
    "connections_per_address": 5000,
    "connects_per_minute_address": 100_000,
    "joins_per_minute_address": 100_000,
    "joins_per_minute_user": 10_000,
    "lease_seconds": 15,
    "drain_seconds": 3.0,
}


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    one = Project()
    server = await Server.start(one.app(), lifespan="off")
    one.url = server.url
    yield one
    await server.hang_up()


@dataclass
class Running:
    """A node in this loop, and clients for it."""

    url: str
    hub: Hub
    project: Project
    clients: list[Client]
    stop: Callable[[], Any]

    async def client(self, someone: Someone | None = None, **auth: Any) -> Client:
        """A connected client; admitted when `someone` is given."""
        client = await Client.connect(self.url)
        self.clients.append(client)
        if someone is not None:
            client.someone = someone
            await client.enter({"token": someone.token} | auth)
        return client

    async def pair(self) -> tuple[Client, Client]:
        """Two people in a room of their own."""
        mentor, student = self.project.someone("Mia"), self.project.someone("Stu")
        room = self.project.room(mentor, student)
        first, second = await self.client(mentor), await self.client(student)
        await first.join(room)
        await second.join(room)
        await first.event("peer-joined")
        return first, second


Serve = Callable[..., Any]


@pytest.fixture
async def serve(project: Project) -> AsyncIterator[Serve]:
    """Start nodes: `await serve(carrier, **settings)`; all are stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(carrier: str = "picows", **options: Any) -> Running:
            settings = Settings(
                supabase_url=project.url, publishable_key=KEY, port=0, **(QUICK | options)
            )
            running = await HOSTS[carrier](settings, project)

            async def end() -> None:
                for client in running.clients:
                    await client.close()
                await running.stop()

            stack.push_async_callback(end)
            return running

        yield start


async def _picows(settings: Settings, project: Project) -> Running:
    node = Node(settings)
    await node.start()
    server = await listen(node)

    async def stop() -> None:
        server.close()
        await node.close()

    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return Running(url, node.hub, project, [], stop)


async def _asgi(settings: Settings, project: Project, ws: Any = LeanWebSocket) -> Running:
    app = create_app(settings)
    server = await Server.start(app, ws=ws, ws_max_size=2**20)
    return Running(server.url, (await app.running()).hub, project, [], server.stop)


async def _plain(settings: Settings, project: Project) -> Running:
    """As under any ASGI server: nothing of ours below the application."""
    return await _asgi(settings, project, "websockets-sansio")


HOSTS = {"picows": _picows, "asgi": _asgi, "plain": _plain}


@pytest.fixture(params=CARRIERS)
async def node(request: pytest.FixtureRequest, serve: Serve) -> Running:
    """A node on each carrier in turn: both must keep every promise."""
    running: Running = await serve(request.param)
    return running


@dataclass
class Redis:
    """A Redis of this test's own."""

    port: int
    directory: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(self.directory),
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await eventually(self._listens, within=30)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.fail("redis-server is missing: `make test` installs it when it may")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = Redis(port, tmp_path)
    await one.start()
    yield one
    await one.stop()
