"""Clocks that tests move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from mentorkit._clock import AsyncClock


class FastClock(AsyncClock):
    """Waiting passes at once, and is counted; `at` is done when that much time has passed."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept = 0.0
        self.pauses: list[float] = []
        self._plans: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self._planned = asyncio.Lock()

    def wall(self) -> float:
        return time.time() + self.passed + self.slept

    def monotonic(self) -> float:
        return time.monotonic() + self.passed

    def at(self, seconds: float, plan: Callable[[], Awaitable[None]]) -> None:
        self._plans.append((self.passed + seconds, plan))

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.passed += seconds
        async with self._planned:  # nobody's time passes while a plan is carried out
            for plan in list(self._plans):
                if plan[0] <= self.passed:
                    self._plans.remove(plan)
                    await plan[1]()
        await asyncio.sleep(0)
