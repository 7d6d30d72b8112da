"""What all connections of one gateway share."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import psycopg

from . import catalog, conditions
from .database import Database, Unavailable
from .frames import Broadcast, dumps
from .joining import Replay, Wanted
from .subscriptions import Subscriptions
from .tokens import Claims, Tokens
from .topics import Topic, Topics
from .visibility import Rights, channel_rights

log = logging.getLogger(__name__)

STREAM_SECONDS = 8.0  # the clients give a join ten


class Refused(Exception):
    """The database does not let this be; the message is what the client is told."""


class Listener(Protocol):
    """Something that must know when the stream of changes broke."""

    def stream_lost(self, reason: str) -> None: ...


@dataclass
class Service:
    """The state of one gateway: who listens, and the ways to ask the database."""

    tokens: Tokens
    database: Database
    clock: Callable[[], float]
    topics: Topics = field(default_factory=Topics)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    listeners: set[Listener] = field(default_factory=set)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=64))
    """The transactions that the stream brought last."""

    async def stream_ready(self, seconds: float = STREAM_SECONDS) -> None:
        """Wait until committed changes arrive. Raises Unavailable when that takes too long."""
        try:
            async with asyncio.timeout(seconds):
                await self.streaming.wait()
        except TimeoutError as exc:
            raise Unavailable("the stream of changes is not there") from exc

    def stream_lost(self, reason: str) -> None:
        """Changes may have been missed: everybody joined must come again and look."""
        self.streaming.clear()
        for listener in list(self.listeners):
            listener.stream_lost(reason)

    async def rights(self, topic: Topic, claims: Claims, headers: dict[str, str]) -> Rights:
        """What these claims allow on a topic. Raises Unavailable."""
        if not topic.private:
            return Rights()
        async with self.database.connection() as connection:
            return await channel_rights(connection, topic.name, claims, headers)

    async def check(self, wanted: Wanted, role: str) -> None:
        """Let the role subscribe to this. Raises Refused with hosted's words, or Unavailable."""
        described = describe(wanted)
        try:
            async with self.database.connection() as connection:
                found = await catalog.published(connection, wanted.schema, wanted.table)
                if not found:
                    raise Refused(
                        "Unable to subscribe to changes with given parameters. Please check "
                        f"Realtime is enabled for the given connect parameters: [{described}]"
                    )
                for _, _, oid in found:
                    table = await catalog.read_table(connection, oid)
                    if table is None:
                        continue
                    readable = await catalog.readable(connection, table, role)
                    for condition in wanted.conditions:
                        await conditions.prepare(connection, table, readable, condition)
                    for column in wanted.select or ():
                        if column not in readable:
                            raise conditions.Invalid(f"invalid column for select {column}")
        except (conditions.Invalid, psycopg.Error) as exc:
            raise Refused(
                "Unable to subscribe to changes with given parameters. An exception happened so "
                f"please check your connect parameters: [{described}]. Exception: {exc}"
            ) from exc

    async def settle(self) -> None:
        """Wait until everybody sees what the stream has brought so far. Raises Unavailable.

        A subscriber who reads its rows after this misses nothing: what was passed over before it
        was accepted can be read, what comes later is sent.
        """
        async with self.database.connection() as connection:
            await connection.execute(
                "select realtime.await_commit(xid) from unnest(%s::bigint[]) as xid",
                (list(self.recent),),
            )

    async def replay(self, topic: Topic, wish: Replay) -> list[Broadcast]:
        """The stored broadcasts of a private topic, oldest first. Raises Unavailable."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(
                "select event, payload::text, binary_payload, id::text from realtime.messages"
                " where topic = %s and private and extension = 'broadcast'"
                " and inserted_at >= to_timestamp(%s / 1000.0) at time zone 'utc'"
                " order by inserted_at desc limit %s",
                (topic.name, wish.since, wish.limit),
            )
            rows = await cursor.fetchall()
        return [
            stored(event or "", text, data, {"id": id_, "replayed": True})
            for event, text, data, id_ in reversed(rows)
        ]


def stored(event: str, text: str | None, data: bytes | None, meta: dict[str, object]) -> Broadcast:
    """A row of realtime.messages as the broadcast it is."""
    if data is not None:
        return Broadcast(event, bytes(data), False, meta)
    return Broadcast(event, (text if text is not None else "null").encode(), True, meta)


def describe(wanted: Wanted) -> str:
    filters = [
        [condition.column, condition.operator, condition.value, condition.negated]
        for condition in wanted.conditions
    ]
    return (
        f"event: {wanted.event}, schema: {wanted.schema}, table: {wanted.table}, "
        f"filters: {dumps(filters)}, select: {dumps(wanted.select)}"
    )
