"""One connection to the database, made when it is needed and made anew when it broke."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

Connection = psycopg.AsyncConnection[TupleRow]

# Policies are other people's SQL: they get as long as the API role does. Statements of ours are
# prepared once and run under many roles; a generic plan keeps them from being planned each time.
SETTINGS = "-c timezone=UTC -c statement_timeout=3s -c plan_cache_mode=force_generic_plan"


class Unavailable(Exception):
    """The database cannot be reached now."""


class Database:
    """Gives its connection to one user at a time; the others wait."""

    def __init__(self, url: str) -> None:
        self._conninfo = make_conninfo(
            url, options=SETTINGS, connect_timeout=5, application_name="realtime"
        )
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """An autocommit connection.

        Raises Unavailable when there is none, when it breaks, and for what ran into a timeout.
        """
        async with self._turn:
            try:
                if self._connection is None or self._connection.closed or said(self._connection):
                    await self.close()
                    self._connection = await psycopg.AsyncConnection.connect(
                        self._conninfo, autocommit=True
                    )
                yield self._connection
            except psycopg.OperationalError as exc:
                raise Unavailable(str(exc).strip()) from exc

    async def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()


def said(connection: Connection) -> bool:
    """Whether the server said something on an idle connection: as a rule, that it is over."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
