"""Migrations are applied as the CLI does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg import AsyncConnection

from local.faults import StackError
from local.migrate import migrate
from tests.support.database import TestDatabase, empty_database
from tests.support.stack import StackEnv


async def tables(database: TestDatabase) -> set[str]:
    async with await AsyncConnection.connect(database.conninfo) as conn:
        rows = await (
            await conn.execute(
                "select relname from pg_class"
                " where relnamespace = 'public'::regnamespace and relkind = 'r'"
            )
        ).fetchall()
    return {row[0] for row in rows}


async def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(
    stack: StackEnv, tmp_path: Path
) -> None:
    (tmp_path / "20260101000000_one.sql").write_text("create table public.one (id int);")
    (tmp_path / "20260102000000_two.sql").write_text(
        "create table public.two (id int);\n\nselect * from public.nowhere;\n"
    )
    (tmp_path / "20260103000000_three.sql").write_text("create table public.three (id int);")
    (tmp_path / "notes.sql").write_text("this is no migration")
    async with empty_database(stack.database_url) as empty:
        with pytest.raises(StackError) as failed:
            await migrate(empty.conninfo, tmp_path)
        assert "20260102000000_two.sql line 3" in str(failed.value)
        assert "42P01" in str(failed.value)
        assert await tables(empty) == {"one"}

        (tmp_path / "20260102000000_two.sql").write_text("create table public.two (id int);")
        applied = await migrate(empty.conninfo, tmp_path)
        assert [one.name for one in applied] == ["two", "three"]
        assert await migrate(empty.conninfo, tmp_path) == []


async def test_what_one_file_sets_does_not_reach_the_next(stack: StackEnv, tmp_path: Path) -> None:
    (tmp_path / "1_first.sql").write_text("set role authenticated; set search_path = pg_catalog;")
    (tmp_path / "2_second.sql").write_text("create table mine (id int);")
    async with empty_database(stack.database_url) as empty:
        await migrate(empty.conninfo, tmp_path)
        assert await tables(empty) == {"mine"}
