"""The one connection under all watchers of a client."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from websockets.exceptions import WebSocketException

from mentorkit._clock import AsyncClock
from mentorkit._live.channel import Channel
from mentorkit._live.faults import Lost, explained, first
from mentorkit._live.feed import Feed
from mentorkit._live.frames import socket_url
from mentorkit._live.options import ConnectionStatus, LiveOptions
from mentorkit._live.talk import Talk
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import backoff
from mentorkit.errors import Closed, MentorkitError, Unavailable

log = logging.getLogger("mentorkit")


class Hub:
    """Connects while somebody watches, joins one channel per feed, and never gives up."""

    def __init__(
        self,
        url: str,
        key: str,
        token: Callable[[str | None], Awaitable[str]],
        options: LiveOptions,
        clock: AsyncClock,
        observers: list[Callable[[ConnectionStatus], None]],
    ) -> None:
        self._url = socket_url(url, key)
        self._token = token
        self._options = options
        self._clock = clock
        self._channels: dict[str, Channel] = {}
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work = asyncio.Event()
        self._news = asyncio.Condition()
        self._status = ConnectionStatus.IDLE
        self._observers = observers
        self._refused: str | None = None
        self._went_live = False
        self.last_fault: MentorkitError | None = None

    # For those who look at the connection.

    @property
    def status(self) -> ConnectionStatus:
        """How the connection is now."""
        return self._status

    def observe(self, callback: Callable[[ConnectionStatus], None]) -> Callable[[], None]:
        """Call back at every change of status; gives the function that ends it."""
        self._observers.append(callback)

        def stop() -> None:
            if callback in self._observers:
                self._observers.remove(callback)

        return stop

    # For watchers (`Wires`).

    def attach(self, watch: AsyncWatch[Any]) -> None:
        """Bring this watcher the changes of its feed."""
        if self._status is ConnectionStatus.CLOSED:
            raise Closed("The client is closed.")
        assert watch.me is not None
        channel = self._channel_of(watch.feed, watch.me)
        channel.watchers.add(weakref.ref(watch, self._dropped))
        self._work.set()
        self._loop = asyncio.get_running_loop()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="mentorkit realtime")

    async def detach(self, watch: AsyncWatch[Any]) -> None:
        """Bring it nothing more; without watchers the connection ends before this returns."""
        for channel in self._channels.values():
            channel.watchers.discard(weakref.ref(watch))
        self._work.set()
        if not self._wanted() and self._task is not None:
            await self._stop()
            self._set(ConnectionStatus.IDLE)

    def is_live(self, watch: AsyncWatch[Any]) -> bool:
        """Whether changes reach this watcher as they happen."""
        channel = self._channels.get(self._topic(watch))
        return channel is not None and channel.live

    async def until_live(self, watch: AsyncWatch[Any]) -> bool:
        """Wait until they do, or for `patience` seconds: rows can be read without realtime."""
        try:
            async with asyncio.timeout(self._options.patience), self._news:
                await self._news.wait_for(lambda: self._decided(watch))
        except TimeoutError:
            return False
        return self.is_live(watch)

    def _decided(self, watch: AsyncWatch[Any]) -> bool:
        waiting = self._status is ConnectionStatus.WAITING
        return waiting or watch.faulty or self.is_live(watch)

    async def pause(self, seconds: float) -> None:
        """Wait by this client's clock."""
        await self._clock.sleep(seconds)

    def fail(self, fault: MentorkitError) -> None:
        """End every watch with this."""
        for channel in self._channels.values():
            channel.fail(fault)
        self._channels.clear()

    async def close(self) -> None:
        """End everything."""
        self.fail(Closed("The client is closed."))
        await self._stop()
        self._set(ConnectionStatus.CLOSED)

    # The life of the connection.

    async def _run(self) -> None:
        failures = 0
        while self._wanted():
            self._set(ConnectionStatus.CONNECTING)
            self._went_live = False
            talk = Talk(
                self._url, self._channels, self._token, self._options, self._clock,
                self._work, self._changed,
            )  # fmt: skip
            try:
                await talk.run(refused=self._refused)
                fault: MentorkitError | None = None
            except* MentorkitError as group:
                fault = first(group)
            except* (Lost, OSError, WebSocketException, TimeoutError) as group:
                fault = explained(first(group))
            except* Exception as group:
                log.exception("The realtime connection failed unexpectedly.")
                fault = MentorkitError(f"Realtime failed unexpectedly: {first(group)!r}")
            finally:
                self._refused = talk.refused
                self._down()
            if fault is None:
                continue
            self.last_fault = fault
            if not isinstance(fault, Unavailable):
                self.fail(fault)
                await self._notify()
                break
            failures = 1 if self._went_live else failures + 1
            log.info("Realtime: %s", fault)
            self._set(ConnectionStatus.WAITING)
            await self._notify()
            pause = backoff(failures, longest=self._options.longest_pause)
            await self._clock.sleep(fault.retry_after or pause)
        self._set(ConnectionStatus.IDLE)

    # Small things.

    def _channel_of(self, feed: Feed[Any], me: UUID) -> Channel:
        topic = feed.topic(me, self._options.via)
        channel = self._channels.get(topic)
        if channel is None:
            channel = Channel(feed, me, self._options.via, self._clock.monotonic())
            self._channels[topic] = channel
        return channel

    def _topic(self, watch: AsyncWatch[Any]) -> str:
        return "" if watch.me is None else watch.feed.topic(watch.me, self._options.via)

    def _wanted(self) -> bool:
        return any(channel.watchers for channel in self._channels.values())

    def _dropped(self, watch: weakref.ref[AsyncWatch[Any]]) -> None:
        """Somebody let go of a watch without closing it; in whatever thread that was noticed."""
        for channel in list(self._channels.values()):
            channel.watchers.discard(watch)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._work.set)

    def _down(self) -> None:
        """Nothing is joined any more; what happens from here on has to be read."""
        now = self._clock.monotonic()
        for channel in self._channels.values():
            channel.reset(now)

    async def _changed(self) -> None:
        if all(channel.live for channel in self._channels.values()):
            self._went_live = True
            self._set(ConnectionStatus.LIVE)
        else:
            self._set(ConnectionStatus.CONNECTING)
        await self._notify()

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _set(self, status: ConnectionStatus) -> None:
        if status is self._status or self._status is ConnectionStatus.CLOSED:
            return
        self._status = status
        for observer in list(self._observers):
            try:
                observer(status)
            except Exception:
                log.exception("An observer of the connection failed.")

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
