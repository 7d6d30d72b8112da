"""Filters against rows: our answer is the one PostgreSQL gives to the same comparison."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest

from local.gateway.realtime.catalog import Table, read_table
from local.gateway.realtime.conditions import Check, Invalid, ask, prepare
from local.gateway.realtime.database import Connection
from local.gateway.realtime.filters import parse
from tests.support.stack import StackEnv

COLUMNS = {
    "i": "int",
    "n": "numeric",
    "t": "text",
    "b": "bool",
    "u": "uuid",
    "d": "timestamptz",
    "v": "varchar(10)",
    "c": "char(4)",
}
ROWS: list[dict[str, str | None]] = [
    {"i": "5", "n": "1.50", "t": "active", "b": "t", "v": "abc", "c": "ab  ",
     "u": "0b3f1c9e-6f0e-4a39-9d6a-3f6d3c1c2b1a", "d": "2026-11-22 08:00:00+00"},
    {"i": "-10", "n": "NaN", "t": 'a,b"c\\', "b": "f", "v": "", "c": "    ",
     "u": "00000000-0000-0000-0000-000000000000", "d": "infinity"},
    dict.fromkeys(COLUMNS),
]  # fmt: skip
# Column, operator, value; and the comparison PostgreSQL is asked.
CASES = [
    ("i", "eq", "05", "i = 5"),
    ("i", "neq", "5", "i <> 5"),
    ("i", "lt", "5", "i < 5"),
    ("i", "gte", "-10", "i >= -10"),
    ("i", "in", "(5,7)", "i = any('{5,7}')"),
    ("i", "in", "(7,null)", "i = any('{7,null}')"),
    ("i", "is", "null", "i is null"),
    ("i", "isdistinct", "5", "i is distinct from 5"),
    ("n", "eq", "1.5", "n = 1.5"),
    ("n", "gt", "1", "n > 1"),
    ("n", "in", "(1.500,2)", "n = any('{1.500,2}')"),
    ("t", "eq", "active", "t = 'active'"),
    ("t", "eq", '"a,b\\"c\\\\"', "t = 'a,b\"c\\'"),
    ("t", "in", '(active,"a,b\\"c\\\\")', "t = any(array['active', 'a,b\"c\\'])"),
    ("t", "gt", "ac", "t > 'ac'"),
    ("t", "like", "ac%", "t like 'ac%'"),
    ("t", "ilike", "AC%", "t ilike 'AC%'"),
    ("t", "match", "^a[ck]", "t ~ '^a[ck]'"),
    ("t", "imatch", "^A", "t ~* '^A'"),
    ("t", "isdistinct", "active", "t is distinct from 'active'"),
    ("b", "eq", "true", "b"),
    ("b", "is", "true", "b is true"),
    ("b", "is", "false", "b is false"),
    ("b", "is", "unknown", "b is unknown"),
    ("u", "eq", "0B3F1C9E-6F0E-4A39-9D6A-3F6D3C1C2B1A", "u::text like '0b3f%'"),
    ("d", "eq", "2026-11-22T09:00:00+01:00", "d = '2026-11-22 08:00:00+00'"),
    ("d", "gt", "2026-01-01", "d > '2026-01-01 00:00:00+00'"),
    ("v", "eq", "abc", "v = 'abc'"),
    ("c", "eq", "ab", "c = 'ab'"),
]


async def a_table(connection: Connection) -> Table:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    await connection.execute(f"create temp table filtered (number serial, {columns})")
    row = await (
        await connection.execute("select 'pg_temp.filtered'::regclass::oid::int8")
    ).fetchone()
    assert row is not None
    table = await read_table(connection, row[0])
    assert table is not None
    return table


async def passes(connection: Connection, check: Check, row: dict[str, str | None]) -> bool:
    if check.operands is not None:
        return check.holds(row)
    return check in await ask(connection, [check], row)


async def test_every_comparison_agrees_with_postgres(stack: StackEnv) -> None:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        await connection.execute("set timezone = 'UTC'")
        table = await a_table(connection)
        for row in ROWS:
            await connection.execute(
                f"insert into filtered ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )
        for (column, operator, value, meant), negated in product(CASES, (False, True)):
            (condition,) = parse(f"{column}={'not.' if negated else ''}{operator}.{value}")
            check = await prepare(connection, table, frozenset(COLUMNS), condition)
            for number, row in enumerate(ROWS, 1):
                question = (f"not ({meant})" if negated else meant).replace("%", "%%")
                cursor = await connection.execute(
                    f"select coalesce({question}, false) from filtered where number = %s", (number,)
                )
                found = await cursor.fetchone()
                assert found is not None
                assert await passes(connection, check, row) == found[0], (condition, row)


async def test_a_column_that_was_not_sent_passes_no_filter(stack: StackEnv) -> None:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        table = await a_table(connection)
        for text in ("i=neq.1", "i=is.null", "i=not.isdistinct.1", "t=not.like.x"):
            (condition,) = parse(text)
            check = await prepare(connection, table, frozenset(COLUMNS), condition)
            assert not await passes(connection, check, {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nowhere=eq.1", "invalid column for filter nowhere"),
        ("secret=eq.1", "invalid column for filter secret"),
        ("i=eq.x", "invalid input syntax"),
        ("i=in.(1,x)", "invalid input syntax"),
        (f"i=in.({','.join(map(str, range(101)))})", "Maximum 100"),
        ("i=is.five", "must be null, true, false, or unknown"),
        ("i=is.true", "requires a boolean column"),
        ("i=like.5%", "requires a text-compatible column type"),
        ("t=match.(", "regular expression"),
    ],
)
async def test_what_does_not_fit_the_table_is_refused(
    stack: StackEnv, text: str, told: str
) -> None:
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as connection:
        table = await a_table(connection)
        with pytest.raises(Invalid, match=told):
            await prepare(connection, table, frozenset(COLUMNS), parse(text)[0])
