"""Put one node together from its settings."""

import logging
import time

from signaling_server.access import Access
from signaling_server.cluster import RedisDirectory
from signaling_server.directory import Directory, LocalDirectory
from signaling_server.hub import Hub
from signaling_server.rooms import Rooms
from signaling_server.settings import Settings
from signaling_server.supabase import Supabase
from signaling_server.tokens import Verifier


class Node:
    """A hub and what it uses; `start` and `close` it on the loop that serves it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._supabase = Supabase(
            settings.supabase_url,
            settings.publishable_key,
            timeout=settings.request_timeout,
            concurrency=settings.request_concurrency,
        )
        directory: Directory
        if settings.redis_url:
            directory = RedisDirectory(settings)
        else:
            rooms = Rooms(settings.capacity, settings.rooms_per_user)
            directory = LocalDirectory(rooms, settings.node)
        self.hub = Hub(
            settings,
            verifier=Verifier(settings, self._supabase, time.time),
            access=Access(self._supabase),
            directory=directory,
            now=time.monotonic,
            wall=time.time,
            log=logging.getLogger("signaling_server"),
        )

    async def start(self) -> None:
        await self.hub.start()

    async def drain(self) -> None:
        await self.hub.drain()

    async def close(self) -> None:
        await self.hub.close()
        self._supabase.close()
