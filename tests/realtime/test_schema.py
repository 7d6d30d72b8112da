"""Schema realtime as the bootstrap leaves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import TupleRow

from tests.support.stack import REPO, StackEnv

BOOTSTRAP = REPO / "local" / "bootstrap" / "30_realtime.sql"
Connection = psycopg.AsyncConnection[TupleRow]


@pytest_asyncio.fixture
async def admin(stack: StackEnv) -> AsyncIterator[Connection]:
    """A superuser whose work is undone."""
    url = stack.database_url.replace("//postgres:", "//supabase_admin:")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        yield connection
        await connection.rollback()


async def column(connection: Connection, query: str) -> list[str]:
    rows = await (await connection.execute(query)).fetchall()
    return [row[0] for row in rows]


PARTITIONS = """
    select inhrelid::regclass::text from pg_inherits
    where inhparent = 'realtime.messages'::regclass order by 1
"""


async def test_partitions_are_made_ahead_and_dropped_after_three_days(admin: Connection) -> None:
    await admin.execute("select realtime.keep_partitions('2026-12-31')")
    await admin.execute("select realtime.keep_partitions('2027-01-02')")
    await admin.execute("select realtime.keep_partitions('2027-01-02')")
    names = await column(admin, PARTITIONS)
    assert names[0] == "realtime.messages_2026_12_30"
    assert names[-1] == "realtime.messages_2027_01_09"
    assert len(names) == 11


async def test_the_bootstrap_can_be_laid_again(admin: Connection) -> None:
    await admin.execute(Path(BOOTSTRAP).read_text())  # noqa: ASYNC240
    assert await column(admin, PARTITIONS)


@pytest.mark.parametrize("role", ["anon", "authenticated", "postgres", "service_role"])
async def test_what_the_gateway_asks_nobody_else_may(admin: Connection, role: str) -> None:
    callable_by_role = await column(
        admin,
        f"select proname from pg_proc where pronamespace = 'realtime'::regnamespace"
        f" and has_function_privilege('{role}', oid, 'execute') order by 1",
    )
    assert callable_by_role == ["broadcast_changes", "send", "send_binary", "topic"]


async def test_everything_runs_as_its_caller(admin: Connection) -> None:
    definers = "select proname from pg_proc where prosecdef"
    assert await column(admin, f"{definers} and pronamespace = 'realtime'::regnamespace") == []


async def test_postgres_may_add_tables_to_the_publication(admin: Connection) -> None:
    owner = "select pubowner::regrole::text from pg_publication where pubname = 'supabase_realtime'"
    assert await column(admin, owner) == ["postgres"]
