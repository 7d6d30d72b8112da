"""What is put into a new database: the Supabase bootstrap, the migrations, the seed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from psycopg import AsyncConnection, Error, sql

from local.faults import StackError
from local.layout import BOOTSTRAP

MARK = "mentorkit bootstrap"


async def create_database(server: AsyncConnection, name: str) -> None:
    """A new database as a project has it: owned by `postgres`. `server` is a superuser's autocommit connection."""
    await server.execute(
        sql.SQL("create database {} owner postgres template template0").format(sql.Identifier(name))
    )


async def bootstrap(conninfo: str) -> bool:
    """Give a database what every Supabase project has; false when it has it already.

    `conninfo` logs in as the superuser. Applied again when the files have changed.
    """
    files = sorted(BOOTSTRAP.glob("*.sql"))
    state = (
        f"{MARK} {hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:16]}"
    )
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        if await noted(conn) == state:
            return False
        for file in files:
            await run_file(conn, file)
        name = sql.Identifier(conn.info.dbname)
        await conn.execute(sql.SQL("alter database {} owner to postgres").format(name))
        await conn.execute(sql.SQL("comment on database {} is {}").format(name, sql.Literal(state)))
    return True


async def noted(conn: AsyncConnection) -> str | None:
    cursor = await conn.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def run_file(conn: AsyncConnection, file: Path) -> None:
    """Run all statements of a file in one transaction, on a connection of their own state."""
    try:
        async with conn.transaction():
            await conn.execute(file.read_bytes())
        await conn.execute("reset role; reset all")
    except Error as exc:
        raise StackError(describe(file, exc)) from exc


def describe(file: Path, exc: Error) -> str:
    """A database error as one who wrote the file wants to read it."""
    position = exc.diag.statement_position
    where = file.name
    if position is not None:
        where += f" line {file.read_text()[: int(position)].count(chr(10)) + 1}"
    lines = [f"{where}: {exc.diag.message_primary or exc} (SQLSTATE {exc.sqlstate})"]
    lines += [
        text for text in (exc.diag.message_detail, exc.diag.message_hint, exc.diag.context) if text
    ]
    return "\n    ".join(lines)


async def seed(conninfo: str, file: Path) -> bool:
    """Run the seed file, when there is one; it may be run again and again."""
    if not file.exists():
        return False
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await run_file(conn, file)
    return True
