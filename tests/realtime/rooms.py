"""Private channels: policies on realtime.messages for the time of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from tests.support.stack import StackEnv


@asynccontextmanager
async def private_rooms(stack: StackEnv, prefix: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Topics that begin with `prefix`: the person named in them reads; `-rw-` writes, too."""
    read = f"topic_{prefix}_read"
    write = f"topic_{prefix}_write"
    mine = f"(select realtime.topic()) like '{prefix}-%' || (select auth.uid())"
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as connection:
        await connection.execute(
            f"create policy {read} on realtime.messages for select to authenticated using ({mine})"
        )
        await connection.execute(
            f"create policy {write} on realtime.messages for insert to authenticated"
            f" with check ({mine} and (select realtime.topic()) like '%-rw-%')"
        )
        try:
            yield connection
        finally:
            await connection.execute(f"drop policy {read} on realtime.messages")
            await connection.execute(f"drop policy {write} on realtime.messages")
