"""The SQL tests of supabase/tests, which `supabase test db` runs too where Docker is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database.tap import TESTS, faults, run_tap
from tests.support.database import TestDatabase

FILES = sorted(TESTS.glob("*.test.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.sql"))
async def test_sql(database: TestDatabase, file: Path) -> None:
    lines = await run_tap(database, file)
    assert faults(lines) == []


async def test_a_table_without_its_rows_in_the_access_matrix_is_found(
    database: TestDatabase,
) -> None:
    """The matrix is only worth something when forgetting to write it fails."""
    from psycopg import AsyncConnection

    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        await conn.execute("create table public.forgotten (id bigint primary key)")
        await conn.execute("grant select on public.forgotten to anon")
    matrix = faults(await run_tap(database, TESTS / "access.test.sql"))
    assert any("every table has its row in the matrix" in line for line in matrix)
    assert any("public.forgotten for anon" in line for line in matrix)
    catalogue = faults(await run_tap(database, TESTS / "catalogue.test.sql"))
    assert any("every table has row level security" in line for line in catalogue)
    assert any("what visitors can read" in line for line in catalogue)
