"""Many changes at once: notices written straight into the database, numbered."""

from __future__ import annotations

from uuid import UUID

import psycopg

from tests.support.stack import StackEnv


async def write_notices(stack: StackEnv, recipient: UUID | str, numbers: range) -> None:
    """One commit for each number, in order."""
    connection = await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True)
    async with connection:
        for number in numbers:
            await connection.execute(
                "insert into public.notifications (recipient_id, kind, payload, about) values "
                "(%s, 'session_reminder', jsonb_build_object('number', %s::int), %s)",
                (recipient, number, f"number {number}"),
            )
