"""Apply `supabase/migrations` as `supabase db push` does: a push afterwards finds nothing to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection, Error

from local.database import describe
from local.faults import StackError
from local.layout import REPO

MIGRATIONS = REPO / "supabase" / "migrations"
SEED = REPO / "supabase" / "seed.sql"
FILE_NAME = re.compile(r"(?P<version>\d+)_(?P<name>.*)\.sql")

HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key,
    statements text[],
    name text
);
"""


@dataclass(frozen=True)
class Migration:
    version: str
    name: str
    file: Path


def migrations_in(directory: Path) -> list[Migration]:
    """The migrations of a directory, in order; other files are passed over, as the CLI does."""
    named = ((FILE_NAME.fullmatch(file.name), file) for file in sorted(directory.glob("*.sql")))
    return [Migration(match["version"], match["name"], file) for match, file in named if match]


async def migrate(
    conninfo: str,
    directory: Path = MIGRATIONS,
    on_applied: Callable[[Migration], None] = lambda migration: None,
) -> list[Migration]:
    """Apply what the database has not got yet, as the role of `conninfo`; returns what was applied.

    One transaction a file: one that fails leaves nothing behind, those before it stay. Raises
    StackError that names the file and the line.
    """
    applied: list[Migration] = []
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await conn.execute("set client_min_messages = warning")
        await conn.execute(HISTORY)
        rows = await (
            await conn.execute("select version from supabase_migrations.schema_migrations")
        ).fetchall()
        done = {row[0] for row in rows}
        for migration in migrations_in(directory):
            if migration.version not in done:
                await apply(conn, migration)
                applied.append(migration)
                on_applied(migration)
    return applied


async def apply(conn: AsyncConnection, migration: Migration) -> None:
    text = migration.file.read_text()
    try:
        async with conn.transaction():
            await conn.execute("set local lock_timeout = '4s'")
            await conn.execute(text.encode())
            await conn.execute("reset role")
            await conn.execute(
                "insert into supabase_migrations.schema_migrations (version, statements, name)"
                " values (%s, %s, %s)",
                (migration.version, [text], migration.name),
            )
        await conn.execute("reset all; set client_min_messages = warning")
    except Error as exc:
        raise StackError(describe(migration.file, exc)) from exc
