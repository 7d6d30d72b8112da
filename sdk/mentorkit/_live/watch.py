"""The iterator that users hold: rows first, then every change, once and in order."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar
from uuid import UUID

from mentorkit._live.feed import PAGE, Changing, Feed, Overflow
from mentorkit._live.known import Known
from mentorkit._live.people import People, Runs
from mentorkit._retry import backoff
from mentorkit.errors import Closed, MentorkitError, TooSlow, Unavailable
from mentorkit.models import Role

T = TypeVar("T", bound=Changing)
log = logging.getLogger("mentorkit")

RECHECK = 60.0
"""Seconds after which a quiet watcher reads again although it is connected: realtime promises no
delivery, so a change it dropped comes at the latest then."""


class Wires(Protocol):
    """What a watcher asks of the connection."""

    def attach(self, watch: AsyncWatch[Any]) -> None: ...

    async def detach(self, watch: AsyncWatch[Any]) -> None: ...

    async def until_live(self, watch: AsyncWatch[Any]) -> bool: ...

    def is_live(self, watch: AsyncWatch[Any]) -> bool: ...

    async def pause(self, seconds: float) -> None: ...


class AsyncWatch(Generic[T]):
    """Gives the rows that are open now, then every row that is made or changes.

    Iterate it, `await next(timeout=...)` on it, or hand it a function with `each`. It outlives
    disconnects of any length, server restarts and token refreshes: after each it reads again, so
    that nothing is missed and nothing comes twice. Of a row that changed several times while the
    connection was away, the newest state is given.

    Close it with `async with`, `await close()`, or by letting go of it. One task may iterate it.
    """

    def __init__(
        self,
        feed: Feed[T],
        wires: Callable[[], Wires],
        runs: Runs,
        who: Callable[[], Awaitable[UUID]],
        *,
        role: Role | None,
        timeout: float | None,
        buffer: int,
        overflow: Overflow,
    ) -> None:
        if buffer < 1:
            raise ValueError("buffer must be at least 1")
        self.feed = feed
        self.me: UUID | None = None
        self._wires_of = wires
        self._wires: Wires | None = None
        self._runs = runs
        self._who = who
        self._role = role
        self._timeout = timeout
        self._buffer = buffer
        self._overflow = overflow
        self._known = Known()
        self._people = People(runs) if feed.has_people else None
        self._ready: deque[T] = deque()  # rows of a page that was read, already noted as given
        self._news: deque[T] = deque()  # what the connection brought, not yet compared
        self._page: Callable[[], Awaitable[None]] | None = self._read_newest
        self._last: T | None = None
        self._stale = False
        self._wake = asyncio.Event()
        self._fault: MentorkitError | None = None
        self._closed = False
        self._failures = 0

    # What the connection calls. None of it waits, none of it raises.

    def push(self, row: T) -> None:
        """A row as realtime sent it."""
        if self._closed or not self._is_mine(row):
            return
        if len(self._news) >= self._buffer:
            self._news.clear()
            if self._overflow is Overflow.RAISE:
                self.fail(TooSlow())
                return
            self._stale = True
        self._news.append(row)
        self._wake.set()

    @property
    def faulty(self) -> bool:
        """Whether it has failed already and waits for nothing."""
        return self._fault is not None or self._closed

    def reread(self) -> None:
        """Something may have been missed."""
        self._stale = True
        self._wake.set()

    def fail(self, fault: MentorkitError) -> None:
        """It cannot go on."""
        self._fault = self._fault or fault
        self._wake.set()

    # What users call.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            row = await self.next(timeout=self._timeout)
        except Closed:
            raise StopAsyncIteration from None
        except TimeoutError:
            raise StopAsyncIteration from None
        return row

    async def next(self, *, timeout: float | None = None) -> T:  # noqa: ASYNC109 - part of the story: quiet ends it
        """The next row. Raises TimeoutError when none comes for `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while True:
                if self._ready:
                    return self._ready.popleft()
                await self._advance()

    async def each(self, handle: Callable[[T], Awaitable[None] | None]) -> None:
        """Call `handle`, plain or coroutine function, with every row, until closed or cancelled.

        What it raises is logged with its traceback and the next row is handled: one bad row does
        not silence the rest.
        """
        async for row in self:
            try:
                answer = handle(row)
                if inspect.isawaitable(answer):
                    await answer
            except Exception:
                log.exception("A handler of %s failed; the watch goes on.", self.feed.table)

    async def close(self) -> None:
        """Stop; an iteration under way ends. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._ready.clear()
        self._news.clear()
        self._wake.set()
        if self._wires is not None:
            await self._wires.detach(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # How rows are found.

    async def _advance(self) -> None:
        """One step towards the next row."""
        if self._closed:
            raise Closed("This watch is closed.")
        if self._fault is not None:
            fault = self._fault
            await self.close()
            raise fault
        wires = await self._connect()
        if self._page is not None:
            await self._read(wires, self._page)
        elif self._stale:
            self._stale = False
            self._last = None
            self._page = self._read_changed
        elif self._news:
            await self._read(wires, self._take_news)
        else:
            await self._rest(wires)

    async def _connect(self) -> Wires:
        if self._wires is None:
            self.me = await self._who()
            wires = self._wires_of()
            wires.attach(self)
            self._wires = wires
            # Changes are caught before rows are read: none falls between the two.
            await wires.until_live(self)
            self._stale = False
        return self._wires

    async def _rest(self, wires: Wires) -> None:
        """Wait for news; look by oneself now and then, more often without a connection."""
        self._wake.clear()
        try:
            async with asyncio.timeout(RECHECK if wires.is_live(self) else RECHECK / 6):
                await self._wake.wait()
        except TimeoutError:
            self._stale = True

    async def _read(self, wires: Wires, page: Callable[[], Awaitable[None]]) -> None:
        try:
            await page()
            self._failures = 0
        except Unavailable as fault:
            if not self._known.begun:
                await self.close()
                raise  # it never began: a wrong URL has to be told at once
            self._failures += 1
            log.info("Reading %s again failed (%s); going on trying.", self.feed.table, fault)
            await wires.pause(fault.retry_after or backoff(self._failures))
        except MentorkitError:
            await self.close()
            raise

    async def _read_newest(self) -> None:
        """Before the first row: what is there already and is not to be given as a change."""
        assert self.me is not None
        rows = await self._runs.run(self.feed.newest(self.me, self._role, self._last))
        for row in rows:
            if not self.feed.is_open(row):
                self._known.note(row)
            self._known.saw(row)
        if len(rows) == PAGE and not self._known.covers(rows[-1]):
            self._last = rows[-1]
            return
        self._last = None
        self._page = self._read_open

    async def _read_open(self) -> None:
        """The first rows: those that are open."""
        assert self.me is not None
        rows = await self._runs.run(self.feed.open(self.me, self._role, self._last))
        for row in rows:
            self._known.note(row)
        self._ready.extend(rows)
        self._turn_page(rows)

    async def _take_news(self) -> None:
        """The oldest of what the connection brought, with its people."""
        row = whole = self._news[0]
        if self._people is not None:
            whole = await self._people.fill(row)
        if self._news and self._news[0] is row:  # else the buffer ran over, and all is read again
            self._news.popleft()
            if self._known.is_news(whole):
                self._ready.append(whole)

    async def _read_changed(self) -> None:
        """After a gap: what changed since the last read."""
        assert self.me is not None
        call = self.feed.changed(self.me, self._role, self._known.floor, self._last)
        rows = await self._runs.run(call)
        self._ready.extend(row for row in rows if self._known.is_news(row))
        self._turn_page(rows)

    def _turn_page(self, rows: list[T]) -> None:
        if self._people is not None:
            self._people.learn(rows)
        if len(rows) == PAGE:
            self._last = rows[-1]
        else:
            self._last = None
            self._page = None
            self._known.read_through()

    def _is_mine(self, row: T) -> bool:
        return any(getattr(row, column) == self.me for column in self.feed.columns_of(self._role))
