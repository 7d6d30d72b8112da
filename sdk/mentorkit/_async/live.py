"""Watching, and the state of the connection that carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.transport import AsyncTransport
from mentorkit._clock import AsyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._live.feed import Changing, Feed, Overflow
from mentorkit._live.hub import Hub
from mentorkit._live.options import ConnectionStatus, LiveOptions
from mentorkit._live.watch import AsyncWatch
from mentorkit.errors import MentorkitError, NotSignedIn
from mentorkit.models import Role

T = TypeVar("T", bound=Changing)


class AsyncLive:
    """Makes watches; keeps the one connection under them."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: AsyncTransport,
        auth: AsyncAuth,
        options: LiveOptions,
        clock: AsyncClock,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._make_hub = partial(
            Hub, endpoint.url, endpoint.key, self._token, options, clock, observers=[]
        )
        self.hub = self._make_hub()
        self._ending: set[asyncio.Task[None]] = set()

    def watch(
        self,
        feed: Feed[T],
        *,
        role: Role | str | None,
        timeout: float | None,
        buffer: int,
        overflow: Overflow | str,
    ) -> AsyncWatch[T]:
        """An iterator that begins when it is first asked for a row."""
        return AsyncWatch(
            feed,
            lambda: self.hub,
            self._transport,
            self._auth.user_id,
            role=None if role is None else Role(role),
            timeout=timeout,
            buffer=buffer,
            overflow=Overflow(overflow),
        )

    def somebody_else(self) -> None:
        """Another user signed in, or nobody is: what is watched now was somebody's own."""
        if self.hub.status is ConnectionStatus.IDLE:
            return
        old, self.hub = self.hub, self._make_hub()
        old.fail(NotSignedIn("The watch ended: its user signed out."))
        task = asyncio.get_running_loop().create_task(old.close(), name="mentorkit sign-out")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the connection and every watch."""
        await asyncio.gather(*self._ending)
        await self.hub.close()

    async def _token(self, refused: str | None) -> str:
        if refused is not None and not await self._auth.renew(refused):
            raise NotSignedIn("The access token was refused and there is no other: sign in again.")
        return await self._auth.access_token()


class AsyncConnection:
    """The realtime connection of a client. Reached as `client.connection`."""

    def __init__(self, live: AsyncLive) -> None:
        self._live = live

    @property
    def status(self) -> ConnectionStatus:
        """How the connection is now; `idle` while nobody watches."""
        return self._live.hub.status

    @property
    def last_fault(self) -> MentorkitError | None:
        """Why it was interrupted last, for people who look into it."""
        return self._live.hub.last_fault

    def on_change(self, callback: Callable[[ConnectionStatus], None]) -> Callable[[], None]:
        """Call `callback` with every new status; gives the function that stops it.

        What it raises is logged and harms nothing.
        """
        return self._live.hub.observe(callback)
