"""A table to watch: notes with an owner, readable by the owner only, published to realtime."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests.support.stack import StackEnv

COLUMNS = """
    id bigint generated always as identity primary key,
    owner uuid not null,
    room text not null default 'hall',
    body text,
    secret text
"""


@dataclass(frozen=True)
class Notes:
    """One such table, and an autocommit connection as postgres to write with."""

    name: str
    connection: psycopg.AsyncConnection[TupleRow]

    async def run(self, statement: str, *values: object) -> list[TupleRow]:
        """Run SQL in which `{}` stands for the table."""
        cursor = await self.connection.execute(
            sql.SQL(statement).format(sql.Identifier("public", self.name)),
            values,
        )
        return await cursor.fetchall() if cursor.description else []

    async def add(self, owner: str, body: str = "", room: str = "hall") -> int:
        rows = await self.run(
            "insert into {} (owner, body, room) values (%s, %s, %s) returning id", owner, body, room
        )
        number: int = rows[0][0]
        return number


@asynccontextmanager
async def notes(
    stack: StackEnv, columns: str = COLUMNS, *, rls: bool = True, published: bool = True
) -> AsyncIterator[Notes]:
    """A new table of this kind, dropped at the end."""
    connection = await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True)
    async with connection:
        table = Notes(f"notes_{uuid.uuid4().hex[:12]}", connection)
        await connection.execute(f"create table public.{table.name} ({columns})")
        try:
            await table.run("grant select, insert, update, delete on {} to authenticated")
            if rls:
                await table.run("alter table {} enable row level security")
                await table.run(
                    "create policy own on {} for select to authenticated"
                    " using ((select auth.uid()) = owner)"
                )
            if published:
                await table.run("alter publication supabase_realtime add table {}")
            yield table
        finally:
            await table.run("drop table {}")
