"""Keeps what a `watch()` stream brings, so that a step can wait for one fact in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Watcher(Generic[T]):
    """Reads a stream in the background; `until` gives the first item that matches."""

    def __init__(self, stream: AsyncIterator[T]) -> None:
        self._seen: list[T] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read(stream))

    async def _read(self, stream: AsyncIterator[T]) -> None:
        async for item in stream:
            async with self._news:
                self._seen.append(item)
                self._news.notify_all()

    async def until(self, matches: Callable[[T], bool], *, within: float) -> T:
        """Wait for an item; raises TimeoutError, or what ended the stream."""

        def found() -> bool:
            return self._task.done() or any(map(matches, self._seen))

        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(found)
        if self._task.done():
            self._task.result()
        return next(item for item in self._seen if matches(item))

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
