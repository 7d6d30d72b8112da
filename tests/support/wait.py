"""Wait for a fact under a deadline, never for an amount of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Fact = TypeVar("Fact")

PAUSE = 0.01


async def eventually(check: Callable[[], Awaitable[Fact]], within: float = 5.0) -> Fact:
    """The first truthy answer of `check`; fails with the last answer when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        answer = await check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            name = getattr(check, "__qualname__", repr(check))
            raise AssertionError(f"{name} still answered {answer!r} after {within} s")
        await asyncio.sleep(PAUSE)
