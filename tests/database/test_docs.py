"""docs/database.md says what is there."""

from __future__ import annotations

import re

from psycopg import AsyncConnection

from tests.support.database import TestDatabase
from tests.support.stack import REPO

DOC = REPO / "docs" / "database.md"


def section(name: str) -> str:
    text = DOC.read_text()
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


async def test_every_setting_is_explained_with_its_default(database: TestDatabase) -> None:
    explained = set(re.findall(r"`([a-z_]+)`", section("Settings"))) - {"settings"}
    async with await AsyncConnection.connect(database.conninfo) as conn:
        rows = await conn.execute(
            "select attname from pg_attribute where attrelid = 'private.settings'::regclass"
            " and attnum > 0 and not attisdropped and attname <> 'only_row'"
        )
        assert explained == {row[0] for row in await rows.fetchall()}


async def test_functions_are_called_as_they_are_described(database: TestDatabase) -> None:
    described = dict(re.findall(r"`([a-z_]+)\(([a-z_, ]*)\)`", section("Functions")))
    assert len(described) >= 12
    async with await AsyncConnection.connect(database.conninfo) as conn:
        rows = await conn.execute(
            "select proname, array_to_string(proargnames, ', ') from pg_proc"
            " where pronamespace = 'public'::regnamespace and proname = any (%s)",
            (list(described),),
        )
        assert {name: names or "" for name, names in await rows.fetchall()} == described


async def test_every_table_of_this_part_is_listed(database: TestDatabase) -> None:
    listed = set(re.findall(r"^\| `([a-z_.]+)`", section("Tables"), re.MULTILINE))
    async with await AsyncConnection.connect(database.conninfo) as conn:
        for name in listed:
            row = await (await conn.execute("select to_regclass(%s)", (name,))).fetchone()
            assert row is not None
            assert row[0] is not None, name
