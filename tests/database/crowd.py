"""Many clients at once, each on a connection of its own, as the API would serve them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import LiteralString

from psycopg import AsyncConnection, Error

Params = Sequence[object]

APPROVE: LiteralString = "select * from public.approve_request(%s)"
APPROVE_PLAIN: LiteralString = (
    "update public.session_requests set status = 'approved' where id = %s returning id"
)
REJECT: LiteralString = "select * from public.reject_request(%s, 'No time')"
WITHDRAW: LiteralString = "select * from public.withdraw_request(%s)"


def code_of(error: Error) -> str:
    """The product's code in an error, else the SQLSTATE."""
    message = error.diag.message_primary or ""
    if error.sqlstate == "PGRST":
        code: str = json.loads(message)["code"]
        return code
    return error.sqlstate or "no answer"


async def attempt(
    conn: AsyncConnection, person: uuid.UUID | None, statement: LiteralString, params: Params
) -> str:
    """'ok', 'nothing' when no row came of it, or the code of what refused it. One transaction."""
    claims = (
        {"role": "service_role"}
        if person is None
        else {"sub": str(person), "role": "authenticated"}
    )
    try:
        async with conn.transaction():
            await conn.execute(
                "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
                (claims["role"], json.dumps(claims)),
            )
            cursor = await conn.execute(statement, params)
            return "ok" if cursor.rowcount > 0 else "nothing"
    except Error as error:
        return code_of(error)


@contextlib.asynccontextmanager
async def crowd(conninfo: str, size: int) -> AsyncIterator[list[AsyncConnection]]:
    """Connections for `size` clients."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                await AsyncConnection.connect(conninfo, autocommit=True)
            )
            for _ in range(size)
        ]


async def all_at_once(calls: Sequence[Callable[[], Awaitable[str]]]) -> list[str]:
    """What each call answered, in order; none starts before all are ready."""
    gate = asyncio.Event()

    async def run(call: Callable[[], Awaitable[str]]) -> str:
        await gate.wait()
        return await call()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(call)) for call in calls]
        await asyncio.sleep(0)
        gate.set()
    return [task.result() for task in tasks]
