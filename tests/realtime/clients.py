"""supabase-py, as a person in the tests uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import RealtimePostgresChangesListenEvent

from tests.support.people import Person
from tests.support.stack import StackEnv
from tests.support.wait import eventually


@asynccontextmanager
async def connected(
    stack: StackEnv, person: Person | None = None, **options: Any
) -> AsyncIterator[AsyncRealtimeClient]:
    """A realtime client, signed in as `person` (nobody: with the publishable key only)."""
    client = AsyncRealtimeClient(
        f"{stack.supabase_url}/realtime/v1", stack.publishable_key, **options
    )
    if person is not None:
        await client.set_auth(person.access_token)
    try:
        yield client
    finally:
        await client.close()


class Watcher:
    """A channel that keeps what it hears."""

    def __init__(self, client: AsyncRealtimeClient, name: str, **config: Any) -> None:
        self.client = client
        self.channel: AsyncRealtimeChannel = client.channel(
            name,
            {
                "config": {
                    "broadcast": config.get("broadcast", {"ack": False, "self": False}),
                    "presence": config.get("presence", {"key": "", "enabled": False}),
                    "private": config.get("private", False),
                }
            },
        )
        self.heard: list[dict[str, Any]] = []
        self.states: list[RealtimeSubscribeStates] = []
        self.errors: list[Exception] = []
        self.flowing = asyncio.Event()

    def changes(
        self, table: str | None, event: str = "*", filter: str | None = None, **options: Any
    ) -> Watcher:
        """Ask for changes."""
        self.channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent(event),
            lambda payload: self.heard.append(dict(payload)),
            table=table,
            schema="public",
            filter=filter,
            **options,
        )
        return self

    async def start(self, *, flowing: bool = True) -> Watcher:
        """Subscribe; with changes, wait until they flow."""
        self.channel.on_system(lambda payload: self.flowing.set())
        await self.channel.subscribe(self._state)
        if flowing:
            async with asyncio.timeout(10):
                await self.flowing.wait()
        return self

    def _state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        self.states.append(state)
        if error is not None:
            self.errors.append(error)

    @property
    def data(self) -> list[dict[str, Any]]:
        return [payload["data"] for payload in self.heard]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [data["record"] for data in self.data]

    async def hears(self, count: int, within: float = 5.0) -> list[dict[str, Any]]:
        """Wait until that many changes came; their data."""

        async def enough() -> bool:
            return len(self.heard) >= count

        await eventually(enough, within)
        return self.data
