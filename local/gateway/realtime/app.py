"""Realtime as an ASGI app."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from local.gateway.settings import GatewaySettings

from .database import Database
from .endpoints import broadcast_many, broadcast_one, websocket_endpoint
from .feed import Feed, keep_partitions
from .service import Service
from .tokens import Tokens


def create_realtime(settings: GatewaySettings, clock: Callable[[], float] = time.time) -> Starlette:
    """The app to mount at /realtime/v1; it serves while `running(app)` is entered.

    As an app of its own it enters that by itself, through its lifespan.
    """
    app = Starlette(
        routes=[
            WebSocketRoute("/websocket", websocket_endpoint),
            Route("/api/broadcast", broadcast_many, methods=["POST"]),
            Route("/api/broadcast/{topic:path}/events/{event}", broadcast_one, methods=["POST"]),
        ],
        lifespan=running,
    )
    app.state.settings = settings
    app.state.clock = clock
    return app


@asynccontextmanager
async def running(app: Starlette) -> AsyncIterator[None]:
    """Read the stream of changes for as long as this is open. Does not wait for the database."""
    settings: GatewaySettings = app.state.settings
    # One connection for the changes, one for joins: neither waits for the other.
    for_changes = Database(settings.database_url)
    for_joins = Database(settings.database_url)
    service = Service(Tokens(settings.keys, app.state.clock), for_joins, app.state.clock)
    app.state.service = service
    feed = Feed(settings.database_url, for_changes, service)
    tasks = [
        asyncio.create_task(feed.run()),
        asyncio.create_task(keep_partitions(for_joins)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await for_changes.close()
        await for_joins.close()
