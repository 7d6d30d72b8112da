"""What a change says: values as JSON, columns by grant, errors instead of rows."""

from __future__ import annotations

import json
from datetime import datetime

import psycopg
import pytest

from local.gateway.realtime.catalog import read_table
from tests.realtime.clients import Watcher, connected
from tests.realtime.notes import notes
from tests.support.people import Person
from tests.support.stack import StackEnv

ROWS = """
    id bigint generated always as identity primary key,
    owner uuid not null,
"""
# A column of each kind of type, and values of it that are easy to get wrong.
VALUES = {
    "bigint": ["9007199254740993", "-1"],
    "integer[]": ["{1,NULL,3}", "{}", "{{1,2},{3,4}}", "[0:1]={5,6}"],
    "numeric(12,4)": ["12.5000", "NaN"],
    "double precision": ["1.5e-07", "-0", "Infinity", "0.1"],
    "boolean": ["t", "f"],
    "boolean[]": ["{t,f,NULL}"],
    "text": ["", "Grüße \"'\\ \n\t ∑", "NULL"],
    "text[]": ['{"a,b","c\\"d","NULL",NULL,"",x}'],
    "json": ['{"a": [1, 2.50], "b":null}', '"x"'],
    "jsonb": ['{"a": {"b": 1.50}}', "[]"],
    "jsonb[]": ['{"{\\"a\\": 1}","[1,2]"}'],
    "timestamptz": ["2026-11-22 08:00:00.123456+00", "2026-11-22 09:00:00+01", "infinity"],
    "timestamptz[]": ['{"2026-11-22 08:00:00+00"}'],
    "timestamp": ["2026-11-22 08:00:00", "0044-03-15 10:00:00 BC"],
    "date": ["2026-11-22", "-infinity"],
    "time": ["08:15:00"],
    "interval": ["1 day 02:03:04"],
    "uuid": ["0b3f1c9e-6f0e-4a39-9d6a-3f6d3c1c2b1a"],
    "inet": ["10.0.0.1/8"],
    "int4range": ["[1,5)"],
    "tstzmultirange": ['{["2026-11-22 08:00:00+00","2026-11-22 09:00:00+00")}'],
    "pg_catalog.bpchar(5)": ["ab"],
    "point": ["(1,2)"],
    "oid": ["42"],
    "information_schema.cardinal_number": ["7"],
}


async def test_values_are_typed_as_postgres_itself_would_put_them_into_json(
    stack: StackEnv,
    ada: Person,
) -> None:
    columns = ROWS + ", ".join(f"v{at} {kind}" for at, kind in enumerate(VALUES))
    async with notes(stack, columns) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "INSERT").start()
        await table.run("set timezone = 'UTC'")
        deepest = max(len(values) for values in VALUES.values())
        for row in range(deepest):
            chosen = [values[min(row, len(values) - 1)] for values in VALUES.values()]
            names = ", ".join(f"v{at}" for at in range(len(VALUES)))
            marks = ", ".join(["%s"] * len(chosen))
            await table.run(
                f"insert into {{}} (owner, {names}) values (%s, {marks})", ada.id, *chosen
            )
        await watcher.hears(deepest)
        rows = await table.run("select to_jsonb(t)::text from {} t order by id")
        for heard, (text,) in zip(watcher.records, rows, strict=True):
            assert heard == json.loads(text)


async def test_bytes_are_hex_without_a_prefix(stack: StackEnv, ada: Person) -> None:
    async with notes(stack, f"{ROWS} data bytea") as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.run("insert into {} (owner, data) values (%s, %s)", ada.id, b"\x00\xff")
        (data,) = await watcher.hears(1)
        assert data["record"]["data"] == "00ff"


async def test_types_of_the_project_are_json_as_well(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        mood, pair, short = (f"public.{table.name}_{kind}" for kind in ("mood", "pair", "short"))
        await table.run(f"create type {mood} as enum ('glad', 'so so')")
        await table.run(f"create type {pair} as (a int, b text)")
        await table.run(f"create domain {short} as numeric(4,1)")
        try:
            await table.run(
                f"alter table {{}} add m {mood}, add ms {mood}[],"
                f" add p {pair}, add ps {pair}[], add s {short}"
            )
            watcher = await Watcher(client, "n").changes(table.name, "*", "m=eq.so so").start()
            await table.run(
                "insert into {} (owner, m, ms, p, ps, s) values"
                " (%s, 'so so', '{{glad,\"so so\"}}', '(1,\"x,y\")', '{{\"(2,z)\"}}', 1.5)",
                ada.id,
            )
            (data,) = await watcher.hears(1)
            told = {name: data["record"][name] for name in ("m", "ms", "p", "ps", "s")}
            assert told == {
                "m": "so so",
                "ms": ["glad", "so so"],
                "p": {"a": 1, "b": "x,y"},
                "ps": [{"a": 2, "b": "z"}],
                "s": 1.5,
            }
        finally:
            await table.run("alter table {} drop m, drop ms, drop p, drop ps, drop s")
            await table.run(f"drop type {mood}")
            await table.run(f"drop type {pair}")
            await table.run(f"drop domain {short}")


async def test_a_change_says_when_it_was_committed_and_which_columns_there_are(
    stack: StackEnv,
    ada: Person,
) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.add(ada.id)
        (data,) = await watcher.hears(1)
        assert (data["schema"], data["table"], data["errors"]) == ("public", table.name, None)
        assert datetime.fromisoformat(data["commit_timestamp"]).tzinfo is not None
        assert len(data["commit_timestamp"]) == len("2026-11-22T08:00:00.123Z")
        assert data["columns"][:2] == [
            {"name": "id", "type": "int8"},
            {"name": "owner", "type": "uuid"},
        ]


async def test_columns_the_role_may_not_select_are_left_out(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        await table.run("revoke select on {} from authenticated")
        await table.run("grant select (id, owner, body) on {} to authenticated")
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.add(ada.id, "first")
        await watcher.hears(1)
        # A grant that changes while somebody listens counts from the next change on.
        await table.run("grant select (room) on {} to authenticated")
        await table.add(ada.id, "second")
        first, second = await watcher.hears(2)
        assert set(first["record"]) == {"id", "owner", "body"}
        assert [column["name"] for column in first["columns"]] == ["id", "owner", "body"]
        assert set(second["record"]) == {"id", "owner", "body", "room"}


async def test_select_narrows_the_columns_but_never_the_key(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = Watcher(client, "n").changes(table.name, "INSERT", select=["body"])
        watcher.changes(table.name, "INSERT", select=["room"])
        await watcher.start()
        await table.add(ada.id, "text")
        data = await watcher.hears(2)
        assert sorted(sorted(part["record"]) for part in data) == [["body", "id"], ["id", "room"]]


async def test_a_column_added_later_is_told(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "INSERT", "room=eq.hall").start()
        await table.add(ada.id)
        await watcher.hears(1)
        async with table.connection.transaction():
            await table.run("alter table {} add color text default 'red'")
            await table.add(ada.id)
        before, after = await watcher.hears(2)
        assert "color" not in before["record"]
        assert after["record"]["color"] == "red"


@pytest.mark.parametrize(
    ("columns", "grant", "error"),
    [
        ("id bigint, owner uuid", "grant select on {} to authenticated", "Error 400"),
        (
            "id bigint primary key, owner uuid",
            "revoke select on {} from authenticated; grant select (owner) on {} to authenticated",
            "Error 401: Unauthorized",
        ),
    ],
)
async def test_a_row_without_a_readable_key_is_an_error(
    stack: StackEnv, ada: Person, columns: str, grant: str, error: str
) -> None:
    async with notes(stack, columns) as table, connected(stack, ada) as client:
        for statement in grant.split(";"):
            await table.run(statement)
        watcher = await Watcher(client, "n").changes(table.name, "INSERT").start()
        await table.run("insert into {} values (1, %s)", ada.id)
        (data,) = await watcher.hears(1)
        assert data["errors"][0].startswith(error)
        assert data["record"] == {}


async def test_a_row_too_large_comes_with_its_small_values_only(
    stack: StackEnv, ada: Person
) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "INSERT").start()
        await table.run(
            "insert into {} (owner, body, secret) values (%s, 'small', repeat('x', 1100000))",
            ada.id,
        )
        (data,) = await watcher.hears(1)
        assert data["errors"] == ["Error 413: Payload Too Large"]
        assert set(data["record"]) == {"id", "owner", "room", "body"}


async def test_the_converters_know_arrays_from_vectors(stack: StackEnv) -> None:
    """int2vector looks like an array in the catalogue, and is written unlike one."""
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        row = await (await connection.execute("select 'pg_index'::regclass::oid::int8")).fetchone()
        assert row is not None
        table = await read_table(connection, row[0])
    assert table is not None
    convert = table.columns["indkey"].convert
    assert convert is not None
    assert convert("1 2") == '"1 2"'
