"""The one connection under all watchers of a client."""

from __future__ import annotations

import asyncio
import itertools
import logging
import weakref
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from mentorkit._clock import AsyncClock
from mentorkit._live.channel import Channel, TokenRefused
from mentorkit._live.faults import Lost, explained, first
from mentorkit._live.feed import Feed
from mentorkit._live.frames import PHOENIX, decode, encode, socket_url
from mentorkit._live.options import ConnectionStatus, LiveOptions
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import backoff
from mentorkit._token import refresh_due
from mentorkit.errors import Closed, MentorkitError, Unavailable

log = logging.getLogger("mentorkit")

MAX_FRAME = 8 * 2**20  # a changed row is at most 1 MiB, twice in a frame, and JSON adds to it


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
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._work = asyncio.Event()
        self._news = asyncio.Condition()
        self._refs = itertools.count(1)
        self._status = ConnectionStatus.IDLE
        self._observers = observers
        self._access = ""
        self._refused: str | None = None
        self._beat: tuple[str, float] | None = None
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
            try:
                await self._converse()
                fault: MentorkitError | None = None
            except* MentorkitError as group:
                fault = first(group)
            except* (Lost, OSError, WebSocketException, TimeoutError) as group:
                fault = explained(first(group))
            except* Exception as group:
                log.exception("The realtime connection failed unexpectedly.")
                fault = MentorkitError(f"Realtime failed unexpectedly: {first(group)!r}")
            finally:
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

    async def _converse(self) -> None:
        """One connection, from opening to its end; ends quietly when nobody watches any more."""
        self._access = await self._token(self._refused)
        self._refused = None
        self._outbox = asyncio.Queue()
        self._beat = None
        opening = connect(
            self._url,
            open_timeout=self._options.patience,
            close_timeout=1,
            ping_interval=None,  # the heartbeats of the protocol do this, and say more
            compression=None,  # 64 KiB of window per connection for messages of 1 KiB
            max_size=MAX_FRAME,
        )
        async with opening as socket, asyncio.TaskGroup() as tasks:
            receiver = tasks.create_task(self._receive(socket))
            sender = tasks.create_task(self._send(socket))
            await self._tend()
            receiver.cancel()
            sender.cancel()

    async def _receive(self, socket: Any) -> None:
        async for text in socket:
            frame = decode(text)
            if frame is None:
                log.debug("A frame that cannot be read: %.200r", text)
            elif frame.topic == PHOENIX:
                if self._beat is not None and frame.ref == self._beat[0]:
                    self._beat = None
            elif channel := self._channels.get(frame.topic.removeprefix("realtime:")):
                was_live = channel.live
                try:
                    channel.handle(frame, self._clock.monotonic())
                except TokenRefused as refused:
                    # While joined it may be an older one that ran out: the join will tell.
                    self._refused = channel.joined_with if refused.at_join else None
                    raise Lost(str(refused)) from refused
                if channel.live is not was_live or frame.event == "system":
                    await self._changed()
                if channel.due is not None:
                    self._work.set()
        raise Lost("the server closed the connection")

    async def _send(self, socket: Any) -> None:
        while True:
            await socket.send(await self._outbox.get())

    async def _tend(self) -> None:
        """Do what is due: joins, leaves, heartbeats, fresh tokens. Returns when nobody watches."""
        now = self._clock.monotonic()
        beat_due = now + self._options.heartbeat
        slept = self._clock.wall() - now
        while self._wanted():
            self._work.clear()
            now = self._clock.monotonic()
            if abs(self._clock.wall() - now - slept) > self._options.heartbeat + 5:
                raise Lost("the computer slept")
            if now >= beat_due:
                if self._beat is not None:
                    raise Lost("a heartbeat was not answered")
                self._beat = (self._push(PHOENIX, "heartbeat", {}), now)
                beat_due = now + self._options.heartbeat
            if self._beat is not None and now > self._beat[1] + self._options.patience:
                raise Lost("a heartbeat was not answered")
            self._tend_channels(now)
            token_due = await self._tend_token()
            beat_late = self._beat[1] + self._options.patience if self._beat else beat_due
            dues = [c.due for c in self._channels.values() if c.due is not None]
            wait = min(beat_due, beat_late, now + token_due, *dues) - now
            try:
                async with asyncio.timeout(max(wait, 0.01)):
                    await self._work.wait()
            except TimeoutError:
                pass

    def _tend_channels(self, now: float) -> None:
        for name, channel in list(self._channels.items()):
            if not channel.watchers:
                if channel.join_ref is not None:
                    self._push(f"realtime:{name}", "phx_leave", {}, channel.join_ref)
                del self._channels[name]
            elif channel.due is not None and now >= channel.due:
                if channel.joining:
                    raise Lost(f"joining {name} was not answered")
                ref = str(next(self._refs))
                channel.join(ref, now + self._options.patience)
                self._outbox.put_nowait(
                    encode(f"realtime:{name}", "phx_join", channel.payload(self._access), ref, ref)
                )

    async def _tend_token(self) -> float:
        """Send the server a fresh token when there is one; gives seconds to the next look."""
        try:
            fresh = await self._token(None)
        except Unavailable as fault:
            # The old token still serves until the server says otherwise.
            log.info("Realtime: no fresh token yet (%s)", fault)
            return 5.0
        if fresh != self._access:
            self._access = fresh
            for name, channel in self._channels.items():
                if channel.join_ref is not None:
                    payload = {"access_token": fresh}
                    self._push(f"realtime:{name}", "access_token", payload, channel.join_ref)
        due = refresh_due(fresh)
        return 3600.0 if due is None else max(0.5, due - self._clock.wall())

    def _push(
        self, topic: str, event: str, payload: dict[str, Any], join_ref: str | None = None
    ) -> str:
        ref = str(next(self._refs))
        self._outbox.put_nowait(encode(topic, event, payload, ref, join_ref))
        return ref

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
