"""Ask a service whether it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from local.child import Child
from local.faults import StackError
from local.ports import HOST

START_WITHIN = 60.0


async def answers(port_or_socket: int | Path, path: str) -> bool:
    """True when an HTTP GET is answered with 2xx."""
    try:
        async with asyncio.timeout(2):
            if isinstance(port_or_socket, Path):
                reader, writer = await asyncio.open_unix_connection(port_or_socket)
            else:
                reader, writer = await asyncio.open_connection(HOST, port_or_socket)
            try:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    words = status.split()
    return len(words) > 1 and words[1].startswith(b"2")


async def until_ready(
    child: Child, check: Callable[[], Awaitable[bool]], within: float = START_WITHIN
) -> None:
    """Wait for a service; raises StackError when it ends or does not become ready in time."""
    deadline = time.monotonic() + within
    while not await check():
        if not child.alive:
            raise child.fault()
        if time.monotonic() > deadline:
            raise StackError(
                f"{child.name} was not ready within {within:.0f} s; its log is {child.log}"
            )
        await asyncio.sleep(0.02)
