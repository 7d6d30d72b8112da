"""The clocks that mentorkit goes by; tests pass others in."""

from __future__ import annotations

import asyncio
import time


class SyncClock:
    """Real time, waiting blocks the thread."""

    def wall(self) -> float:
        """Seconds since 1970, for what tokens say about themselves."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class AsyncClock:
    """Real time, waiting lets others run."""

    def wall(self) -> float:
        """Seconds since 1970, for what tokens say about themselves."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
