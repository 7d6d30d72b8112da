"""What the catalogue says of a published table: columns, types, keys, and who may read what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from . import jsontext
from .database import Connection

PUBLICATION = "supabase_realtime"

TABLES = """
    select schemaname, tablename, format('%%I.%%I', schemaname, tablename)::regclass::oid::int8
    from pg_publication_tables
    where pubname = %s and (%s = '*' or schemaname = %s) and (%s = '*' or tablename = %s)
    order by 1, 2
"""

# A domain counts as the type under it. `exact`: the text of two values is equal when they are.
COLUMNS = """
    with recursive columns as (
        select attname, attnum, atttypid, atttypid as oid, attcollation
        from pg_attribute
        where attrelid = %(oid)s and attnum > 0 and not attisdropped
        union all
        select attname, attnum, atttypid, typbasetype, attcollation
        from columns join pg_type on pg_type.oid = columns.oid
        where typtype = 'd'
    )
    select
        attname,
        named.typname,
        atttypid::regtype::text,
        base.oid::int8,
        case when base.typoutput = 'array_out'::regproc then base.typelem else 0 end::int8,
        coalesce(element.typdelim, ','),
        base.typtype = 'c' or element.typtype in ('c', 'd') or exists (
            select from pg_cast
            where castsource in (base.oid, element.oid) and castsource >= 16384
                and casttarget = 'json'::regtype and castfunc <> 0
        ),
        coalesce(attnum = any(conkey), false),
        coalesce(collisdeterministic, true) and base.oid = any(
            '{uuid,text,varchar,name,int2,int4,int8,bool,date,timestamp,timestamptz}'::regtype[]
        ) or base.typtype = 'e'
    from columns
    join pg_type named on named.oid = atttypid
    join pg_type base on base.oid = columns.oid and base.typtype <> 'd'
    left join pg_type element
        on element.oid = base.typelem and base.typoutput = 'array_out'::regproc
    left join pg_constraint on conrelid = %(oid)s and contype = 'p'
    left join pg_collation on pg_collation.oid = attcollation
    order by attnum
"""


@dataclass(frozen=True)
class Column:
    name: str
    type_name: str
    regtype: str
    convert: jsontext.Convert | None
    """Text to JSON text; None for types whose JSON only the server knows (composites, hstore)."""
    is_key: bool
    is_exact: bool


@dataclass(frozen=True, eq=False)
class Table:
    """One table at one moment; a new one is read when the stream says the definition changed."""

    oid: int
    schema: str
    name: str
    has_rls: bool
    columns: dict[str, Column]
    readable_by: dict[str, frozenset[str]] = field(default_factory=dict)
    bypass: dict[str, bool] = field(default_factory=dict)

    @property
    def key(self) -> list[Column]:
        return [column for column in self.columns.values() if column.is_key]

    @property
    def qualified(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


async def published(connection: Connection, schema: str, table: str) -> list[tuple[str, str, int]]:
    """Schema, name and oid of the published tables that these names (or `*`) mean."""
    values = (PUBLICATION, schema, schema, table, table)
    cursor = await connection.execute(TABLES, values)
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def read_table(connection: Connection, oid: int) -> Table | None:
    """The table as it is now; None when it is gone."""
    cursor = await connection.execute(
        "select nspname, relname, relrowsecurity from pg_class"
        " join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = %s",
        (oid,),
    )
    found = await cursor.fetchone()
    if found is None:
        return None
    cursor = await connection.execute(COLUMNS, {"oid": oid})
    columns = {
        name: Column(name, type_name, regtype, converter(*how), is_key, is_exact)
        for name, type_name, regtype, *how, is_key, is_exact in await cursor.fetchall()
    }
    schema, name, has_rls = found
    return Table(oid, schema, name, has_rls, columns)


def converter(
    oid: int, element: int, delimiter: str, only_server_knows: bool
) -> jsontext.Convert | None:
    if only_server_knows:
        return None
    if element:
        # An element of bytes keeps its \x in JSON, a column of bytes does not: so hosted has it.
        inner = jsontext.string if element == 17 else jsontext.BY_OID.get(element, jsontext.string)
        return jsontext.array_of(inner, delimiter)
    return jsontext.BY_OID.get(oid, jsontext.string)


async def readable(connection: Connection, table: Table, role: str) -> frozenset[str]:
    """The columns `role` may select. Raises UndefinedObject for a role that is not there."""
    if role not in table.readable_by:
        cursor = await connection.execute(
            "select attname, rolsuper or rolbypassrls from pg_roles"
            " left join pg_attribute on attrelid = %(oid)s::oid and attnum > 0"
            " and not attisdropped and has_column_privilege(rolname, attrelid, attnum, 'select')"
            " where rolname = %(role)s",
            {"oid": table.oid, "role": role},
        )
        rows = await cursor.fetchall()
        if not rows:
            raise psycopg.errors.UndefinedObject(f'role "{role}" does not exist')
        table.readable_by[role] = frozenset(name for name, _ in rows if name is not None)
        table.bypass[role] = rows[0][1]
    return table.readable_by[role]


async def as_json(connection: Connection, values: Sequence[tuple[str, str]]) -> list[str]:
    """JSON text of values given as (type, text), made by the server."""
    parts = [
        sql.SQL("to_jsonb({}::{})::text").format(sql.Literal(text), sql.SQL(regtype))
        for regtype, text in values
    ]
    cursor = await connection.execute(sql.SQL("select {}").format(sql.SQL(", ").join(parts)))
    row = await cursor.fetchone()
    return list(row or ())
