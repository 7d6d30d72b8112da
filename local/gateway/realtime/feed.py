"""Keeps the stream of changes running and passes on what it brings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing

import psycopg

from . import pgoutput
from .catalog import PUBLICATION
from .changes import Changes
from .database import Database, Unavailable
from .replication import Stream, StreamLost, open_stream
from .service import Service, stored
from .topics import Topic
from .visibility import RowChecks

log = logging.getLogger(__name__)

MESSAGES_PUBLICATION = "supabase_realtime_messages_publication"
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
PARTITIONS_SECONDS = 3600.0


class Feed:
    """One task: open the stream, read it to its end, say that it broke, open it again."""

    def __init__(self, database_url: str, database: Database, service: Service) -> None:
        self._url = database_url
        self._service = service
        self._database = database
        self._rows = RowChecks()
        self._changes = Changes(database, service.subscriptions, self._rows)
        self._begin = pgoutput.Begin(pgoutput.POSTGRES_EPOCH, 0)

    async def run(self) -> None:
        """Run until cancelled."""
        pause = FIRST_PAUSE
        while True:
            reason = "the stream of changes broke"
            try:
                async with open_stream(self._url, (PUBLICATION, MESSAGES_PUBLICATION)) as stream:
                    pause = FIRST_PAUSE
                    self._changes = Changes(self._database, self._service.subscriptions, self._rows)
                    await self._read(stream)
            except (StreamLost, Unavailable, psycopg.Error) as exc:
                reason = str(exc)
                log.warning("stream of changes: %s", reason)
            except Exception:
                # Whatever went wrong, subscribers must learn that changes are missing.
                log.exception("stream of changes")
            if self._service.streaming.is_set():
                self._service.stream_lost("Database connection lost, changes may be missing")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _read(self, stream: Stream) -> None:
        self._service.recent.clear()
        self._service.streaming.set()
        async with aclosing(stream.messages()) as messages:
            async for data in messages:
                message = pgoutput.decode(data)
                if isinstance(message, pgoutput.Change):
                    await self._pass_on(message)
                    # A large transaction comes without a pause: let the sockets be written to.
                    await asyncio.sleep(0)
                elif isinstance(message, pgoutput.Begin):
                    self._begin = message
                    self._service.recent.append(message.xid)
                elif isinstance(message, pgoutput.Relation):
                    self._changes.learn(message)

    async def _pass_on(self, change: pgoutput.Change) -> None:
        relation = self._changes.relation(change.relation)
        if (relation.schema, relation.table) != ("realtime", "messages"):
            await self._changes.deliver(change, self._begin)
        elif change.new is not None:
            await self._broadcast(relation.columns, change.new)

    async def _broadcast(self, columns: Sequence[str], row: pgoutput.Row) -> None:
        """A row of realtime.messages is a message to the subscribers of its topic."""
        values = {
            name: value
            for name, value in zip(columns, row, strict=True)
            if not isinstance(value, pgoutput.Unchanged)
        }
        topic, event, text = values["topic"], values["event"], values["payload"]
        binary = values["binary_payload"]
        if topic is None or event is None or (text is None and binary is None):
            return
        target = Topic(topic, values["private"] == "t")
        if not self._service.topics.has_members(target):
            return
        await self._changes.settled(self._begin)
        data = bytes.fromhex(binary.removeprefix("\\x")) if binary is not None else None
        self._service.topics.broadcast(target, stored(event, text, data, {"id": values["id"]}))


async def keep_partitions(database: Database) -> None:
    """Have a partition of realtime.messages for today and the days ahead, until cancelled."""
    while True:
        try:
            async with database.connection() as connection:
                await connection.execute("select realtime.keep_partitions()")
            await asyncio.sleep(PARTITIONS_SECONDS)
        except (Unavailable, psycopg.Error) as exc:
            log.warning("partitions of realtime.messages: %s", exc)
            await asyncio.sleep(LONGEST_PAUSE)
