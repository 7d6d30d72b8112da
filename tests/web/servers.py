"""Servers a test needs for itself: signaling that may die, a TURN server with a known secret."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from typing import Self

from tests.support.stack import REPO, StackEnv
from tests.support.wait import eventually


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Signaling:
    """A signaling server on a port of its own, against the stack's Supabase."""

    def __init__(self, stack: StackEnv, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {
            "SUPABASE_URL": stack.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
            "SIGNALING_LOG_LEVEL": "warning",
        } | settings  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "signaling_server", "--host", "127.0.0.1",
            "--port", str(self.port),
            cwd=REPO, env=self._environment,
        )  # fmt: skip
        await eventually(lambda: answers(self.port), within=20)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


@contextlib.asynccontextmanager
async def signaling(stack: StackEnv, **settings: str) -> AsyncIterator[Signaling]:
    server = Signaling(stack, **settings)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


class Relay:
    """A coturn for credentials made with `secret`, for peers on this machine too."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"turn:127.0.0.1:{self._port}?transport=udp"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.kill()

    async def start(self) -> None:
        program = shutil.which("turnserver")
        assert program, (
            "These tests relay a call through coturn; install it (Debian: apt-get install coturn)."
        )
        self._process = await asyncio.create_subprocess_exec(
            program, "-n", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1",
            "--listening-port", str(self._port), "--use-auth-secret",
            "--static-auth-secret", self._secret, "--realm", "mentorkit.test", "--fingerprint",
            "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls",
            "--log-file", "stdout", "--pidfile", "/dev/null",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await eventually(lambda: answers(self._port), within=15)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
