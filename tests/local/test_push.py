"""The Supabase CLI takes the embedded database for what it knows."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from psycopg import AsyncConnection

from local.migrate import migrations_in
from tests.support.database import TestDatabase, empty_database
from tests.support.stack import REPO, Said, StackEnv

CLI = REPO / "node_modules" / ".bin" / "supabase"


async def supabase(*arguments: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        CLI,
        *arguments,
        cwd=REPO,
        env={**os.environ, "SUPABASE_TELEMETRY_DISABLED": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), err.decode())


def remote(database: TestDatabase, server: str) -> str:
    """How the CLI is pointed at a database without TLS on another port than its own."""
    return f"--remote={server.rpartition('/')[0]}/{database.name}?sslmode=disable"


async def test_push_deploys_everything_and_a_second_one_has_nothing_to_do(
    stack: StackEnv,
) -> None:
    async with empty_database(stack.database_url) as empty:
        target = remote(empty, stack.database_url)
        first = await supabase("db", "push", "--yes", target)
        assert first.code == 0, first.out + first.err
        assert await versions(empty) == versions_on_disk()

        second = await supabase("db", "push", "--yes", target)
        assert second.code == 0
        assert "up to date" in second.out + second.err


async def test_after_up_a_push_has_nothing_to_do(stack: StackEnv) -> None:
    said = await supabase("db", "push", "--yes", f"--remote={stack.database_url}?sslmode=disable")
    assert said.code == 0, said.out + said.err
    assert "up to date" in said.out + said.err


async def test_the_advisors_find_nothing(stack: StackEnv, database: TestDatabase) -> None:
    said = await supabase(
        "db", "advisors", "--type", "all", "--level", "warn", "--fail-on", "warn",
        remote(database, stack.database_url),
    )  # fmt: skip
    assert said.code == 0, said.out + said.err
    assert "No issues found" in said.out + said.err


async def versions(database: TestDatabase) -> list[str]:
    async with await AsyncConnection.connect(database.conninfo) as conn:
        rows = await (
            await conn.execute(
                "select version from supabase_migrations.schema_migrations order by version"
            )
        ).fetchall()
    return [row[0] for row in rows]


def versions_on_disk() -> list[str]:
    return [one.version for one in migrations_in(Path(REPO / "supabase" / "migrations"))]
