"""coturn itself accepts the credentials handed out, and refuses others."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.signaling.conftest import Running, Serve
from tests.support.wait import eventually

SECRET = "shared with coturn"


@pytest.fixture
async def turn_port(tmp_path: Path) -> AsyncIterator[int]:
    if shutil.which("turnserver") is None or shutil.which("turnutils_uclient") is None:
        pytest.fail("coturn is missing: `make test` installs it when it may")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        "turnserver", "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--no-cli",
        "--realm=example.org", "--listening-ip=127.0.0.1", f"--listening-port={port}",
        "--relay-ip=127.0.0.1", "--no-tls", "--no-dtls", "--allow-loopback-peers",
        f"--pidfile={tmp_path / 'pid'}", "--log-file=stdout", f"--db={tmp_path / 'db'}",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip

    async def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await eventually(listens, within=15)
    yield port
    process.kill()
    await process.wait()


async def allocates(port: int, server: dict[str, Any], credential: str) -> bool:
    """Whether coturn's own client gets an allocation and its packets through it."""
    process = await asyncio.create_subprocess_exec(
        "turnutils_uclient", "-t", "-y", "-c", "-n", "2", "-m", "1", "-l", "50",
        "-u", server["username"], "-w", credential, "-p", str(port), "127.0.0.1",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 20)
    except TimeoutError:
        process.kill()
        await process.communicate()
        return False
    return process.returncode == 0 and b"error" not in out.lower()


async def test_coturn_accepts_our_credentials_and_no_others(serve: Serve, turn_port: int) -> None:
    node: Running = await serve(
        turn_urls=(f"turn:127.0.0.1:{turn_port}?transport=tcp",), turn_secret=SECRET
    )
    client = await node.client(node.project.someone())
    answer = await client.call("ice_servers")
    server = answer["iceServers"][0]
    assert await allocates(turn_port, server, server["credential"])
    assert not await allocates(turn_port, server, "made up")
