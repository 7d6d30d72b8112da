"""One connection to realtime, from its opening to its end."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import connect

from mentorkit._clock import AsyncClock
from mentorkit._live.channel import Channel, TokenRefused
from mentorkit._live.faults import Lost
from mentorkit._live.frames import PHOENIX, decode, encode
from mentorkit._live.options import LiveOptions
from mentorkit._token import refresh_due
from mentorkit.errors import Unavailable

log = logging.getLogger("mentorkit")

MAX_FRAME = 8 * 2**20  # a changed row is at most 1 MiB, twice in a frame, and JSON adds to it


class Talk:
    """Joins the channels that are watched and keeps them; raises when the connection is lost."""

    def __init__(
        self,
        url: str,
        channels: dict[str, Channel],
        token: Callable[[str | None], Awaitable[str]],
        options: LiveOptions,
        clock: AsyncClock,
        work: asyncio.Event,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._url = url
        self._channels = channels
        self._token = token
        self._options = options
        self._clock = clock
        self._work = work
        self._changed = changed
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._refs = itertools.count(1)
        self._access = ""
        self._beat: tuple[str, float] | None = None
        self.refused: str | None = None
        """The token that the server did not accept, when that was the end."""

    async def run(self, *, refused: str | None) -> None:
        """From opening to the end; ends quietly when nobody watches any more.

        `refused` is a token that the server did not accept: another one is sent.
        """
        self.refused = refused
        self._access = await self._token(refused)
        self.refused = None
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
                    self.refused = channel.joined_with if refused.at_join else None
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

    def _wanted(self) -> bool:
        return any(channel.watchers for channel in self._channels.values())
