"""One node: what it consists of, what each event does, how it starts and ends."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from signaling_server import payloads, wire
from signaling_server.access import Access
from signaling_server.connection import RESTART, Connection
from signaling_server.directory import Directory
from signaling_server.door import Door
from signaling_server.joins import Joins
from signaling_server.metrics import Metrics
from signaling_server.places import Places
from signaling_server.reply import Reply
from signaling_server.settings import Settings
from signaling_server.tokens import Verifier
from signaling_server.watch import Watch

LOOK_SECONDS = 1.0
DRAINED_SECONDS = 0.05
CLOSE_SECONDS = 2.0
CANCEL_AGAIN_SECONDS = 0.1


class Hub:
    """Everything one node knows. `now` is a monotonic clock, `wall` the time of day, in seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        verifier: Verifier,
        access: Access,
        directory: Directory,
        now: Callable[[], float],
        wall: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.settings = settings
        self.now = now
        self.wall = wall
        self.log = log
        self.directory = directory
        self.draining = False
        self.closing = False
        self.metrics = Metrics(self._gauges)
        self.places = Places(self)
        self.door = Door(self, verifier)
        self.joins = Joins(self, access)
        self._watch = Watch(self, access)
        self._verifier = verifier
        self._ready = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self.directory.start(self)
        self.run(self._watch.run())
        self.run(self._look_forever())

    async def drain(self) -> None:
        """Send everybody elsewhere: refuse newcomers, close what is open, keep seats for a
        resume.
        """
        self.draining = True
        deadline = self.now() + self.settings.drain_seconds
        for connection in list(self.door.inside):
            connection.write(wire.event("draining", {}))
            connection.shut(RESTART)
        # Then until the sockets are closed and, with other nodes, the peers have arrived there.
        while not self._drained() and self.now() < deadline:  # noqa: ASYNC110 - two facts, one wait
            await asyncio.sleep(DRAINED_SECONDS)

    def _drained(self) -> bool:
        return not self.door.inside and not (self.settings.redis_url and len(self.places.views))

    async def close(self) -> None:
        """Stop; what is still open is closed."""
        self.closing = True
        for connection in list(self.door.inside):
            connection.shut(RESTART)
        deadline = self.now() + CLOSE_SECONDS
        while (tasks := list(self._tasks)) and self.now() < deadline:
            # More than once: a library may take a cancellation for its own time-out.
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_AGAIN_SECONDS)
        await self.directory.close()

    @property
    def ready(self) -> bool:
        """Whether new clients can be served, as of the last look."""
        return self._ready and not self.draining

    async def _look_forever(self) -> None:
        while True:
            self._ready = self.directory.ready() and await self._verifier.ready()
            await asyncio.sleep(LOOK_SECONDS)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else; a fault is logged, the end is waited for in `close`."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.log.error("task failed", exc_info=fault)

    async def handle(self, connection: Connection, name: str, payload: msgspec.Struct) -> Reply:
        """Do what one event asks; raises Refused."""
        if isinstance(payload, payloads.Join):
            return await self.joins.join(connection, payload)
        if isinstance(payload, payloads.Token):
            return await self.door.renew(connection, payload.token)
        if name == "leave":
            self.places.leave(connection, "left")
            return Reply({})
        return Reply(self.joins.ice(connection))

    def _gauges(self) -> dict[str, tuple[str, float]]:
        return {
            "connections": ("Open sockets", len(self.door.inside)),
            "rooms": ("Rooms with a peer on this node", len(self.places.views)),
            "peers": ("Peers on this node", len(self.places.views.seats())),
            "away": ("Peers that lost their network and may resume", len(self.places.away)),
            "draining": ("1 while shutting down", float(self.draining)),
        }
