"""Watching without `async`: the async stream, run on a loop of its own in a thread.

Written by hand, unlike its neighbours. The thread starts with the first watch and ends with the
client. There is one session: the stream asks the sync client for its access token.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.transport import AsyncTransport, make_http
from mentorkit._clock import AsyncClock, SyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._live.feed import Changing, Feed, Overflow
from mentorkit._live.hub import Hub
from mentorkit._live.options import ConnectionStatus, LiveOptions
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import Retries
from mentorkit._sync.auth import Auth
from mentorkit._sync.transport import Transport
from mentorkit.errors import Closed, MentorkitError, NotSignedIn
from mentorkit.models import Role
from mentorkit.storage import MemoryStorage

T = TypeVar("T", bound=Changing)
R = TypeVar("R")
log = logging.getLogger("mentorkit")


class Watch(Generic[T]):
    """Gives the rows that are open now, then every row that is made or changes.

    Iterate it, or call `next(timeout=...)` on it. It outlives disconnects of any length, server
    restarts and token refreshes: after each it reads again, so that nothing is missed and nothing
    comes twice. Of a row that changed several times while the connection was away, the newest
    state is given.

    Close it with `with` or `close()`, from any thread; one thread may iterate it.
    """

    def __init__(self, loop: Loop, watch: AsyncWatch[T], timeout: float | None) -> None:
        self._loop = loop
        self._watch = watch
        self._timeout = timeout

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            return self.next(timeout=self._timeout)
        except (Closed, TimeoutError):
            raise StopIteration from None

    def next(self, *, timeout: float | None = None) -> T:
        """The next row. Raises TimeoutError when none comes for `timeout` seconds."""
        return self._loop.call(self._watch.next(timeout=timeout))

    def each(self, handle: Callable[[T], None]) -> None:
        """Call `handle` with every row, until closed or quiet for the watch's timeout.

        What it raises is logged with its traceback and the next row is handled.
        """
        for row in self:
            try:
                handle(row)
            except Exception:
                log.exception("A handler failed; the watch goes on.")

    def close(self) -> None:
        """Stop; an iteration under way ends. Closing twice does nothing."""
        if not self._loop.closed:
            self._loop.call(self._watch.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Loop:
    """An event loop in a thread, and what runs on it."""

    def __init__(self) -> None:
        self.closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="mentorkit watches", daemon=True
        )
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine there and wait for it."""
        if self.closed:
            work.close()
            raise Closed("The client is closed.")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # a ctrl-C here must not leave it waiting there
            raise

    def close(self) -> None:
        """End the thread."""
        self.closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Live:
    """Makes watches; starts the loop under them when there is one to run."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        auth: Auth,
        options: LiveOptions,
        clock: SyncClock,
    ) -> None:
        self._endpoint = endpoint
        self._auth = auth
        self._options = options
        self._wall = clock.wall
        self._lock = threading.Lock()
        self._loop: Loop | None = None
        self._stream: Stream | None = None

    def watch(
        self,
        feed: Feed[T],
        *,
        role: Role | str | None,
        timeout: float | None,
        buffer: int,
        overflow: Overflow | str,
    ) -> Watch[T]:
        """An iterator that begins when it is first asked for a row."""
        loop, stream = self._started()
        watch = AsyncWatch(
            feed,
            lambda: stream.hub,
            stream.transport,
            stream.auth.user_id,
            role=None if role is None else Role(role),
            timeout=None,
            buffer=buffer,
            overflow=Overflow(overflow),
        )
        return Watch(loop, watch, timeout)

    @property
    def status(self) -> ConnectionStatus:
        """How the connection is now."""
        return ConnectionStatus.IDLE if self._stream is None else self._stream.hub.status

    @property
    def last_fault(self) -> MentorkitError | None:
        """Why it was interrupted last."""
        return None if self._stream is None else self._stream.hub.last_fault

    def loop(self) -> Loop:
        """The loop in a thread, for others who need one."""
        return self._started()[0]

    def observe(self, callback: Callable[[ConnectionStatus], None]) -> Callable[[], None]:
        """Call back, in the loop's thread, at every change of status."""
        _, stream = self._started()
        return stream.hub.observe(callback)

    def somebody_else(self) -> None:
        """Another user signed in, or nobody is: what is watched now was somebody's own."""
        if self._loop is not None and self._stream is not None:
            self._loop.call(self._stream.somebody_else())

    def close(self) -> None:
        """End the connection, every watch, and the thread."""
        with self._lock:
            loop, stream = self._loop, self._stream
        if loop is not None and not loop.closed:
            if stream is not None:
                loop.call(stream.close())
            loop.close()

    def _started(self) -> tuple[Loop, Stream]:
        with self._lock:
            if self._loop is None or self._stream is None:
                self._loop = Loop()
                clock = _LoopClock(self._wall)
                self._stream = self._loop.call(
                    _make_stream(self._endpoint, self._auth, self._options, clock)
                )
            return self._loop, self._stream


class Connection:
    """The realtime connection of a client. Reached as `client.connection`."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @property
    def status(self) -> ConnectionStatus:
        """How the connection is now; `idle` while nobody watches."""
        return self._live.status

    @property
    def last_fault(self) -> MentorkitError | None:
        """Why it was interrupted last, for people who look into it."""
        return self._live.last_fault

    def on_change(self, callback: Callable[[ConnectionStatus], None]) -> Callable[[], None]:
        """Call `callback`, in a thread of the client, with every new status.

        Gives the function that stops it. What it raises is logged and harms nothing.
        """
        return self._live.observe(callback)


class Stream:
    """The async parts under the watches: they live on the loop and use the sync session."""

    def __init__(
        self, endpoint: Endpoint, auth: Auth, options: LiveOptions, clock: AsyncClock
    ) -> None:
        async def token() -> str:
            return await asyncio.to_thread(auth.access_token)

        async def another(refused: str | None) -> str:
            if refused is not None and not await asyncio.to_thread(auth.renew, refused):
                raise NotSignedIn(
                    "The access token was refused and there is no other: sign in again."
                )
            return await token()

        self._http = make_http(10.0)
        self.auth = AsyncAuth(
            endpoint, self._http, MemoryStorage(), Retries(), clock, token, lambda: None
        )
        self.transport = AsyncTransport(endpoint, self._http, self.auth, Retries(), clock)
        self._make_hub = partial(
            Hub, endpoint.url, endpoint.key, another, options, clock, observers=[]
        )
        self.hub = self._make_hub()

    async def somebody_else(self) -> None:
        """What is watched now was the own of a user who is gone."""
        old, self.hub = self.hub, self._make_hub()
        old.fail(NotSignedIn("The watch ended: its user signed out."))
        await old.close()

    async def close(self) -> None:
        """End the connections."""
        await self.hub.close()
        await self._http.aclose()


async def _make_stream(
    endpoint: Endpoint, auth: Auth, options: LiveOptions, clock: AsyncClock
) -> Stream:
    return Stream(endpoint, auth, options, clock)


class _LoopClock(AsyncClock):
    """The client's wall clock, on the loop."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall

    def wall(self) -> float:
        """Seconds since 1970 as the client has them."""
        return self._wall()
