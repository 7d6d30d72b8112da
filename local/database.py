"""What is put into a new database: the Supabase bootstrap, the migrations, the seed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from psycopg import AsyncConnection, Error, sql

from local.faults import StackError
from local.layout import BOOTSTRAP

MARK = "mentorkit bootstrap"


async def create_database(server: AsyncConnection, name: str) -> None:
    """A new empty database that belongs to `postgres`.

    `server` is a superuser's autocommit connection to another database.
    """
    await server.execute(
        sql.SQL("create database {} owner postgres template template0").format(sql.Identifier(name))
    )


async def recreate(conninfo: str) -> None:
    """Drop database `postgres` with all sessions and replication slots in it, and make it empty.

    `conninfo` logs in as the superuser, to another database of the server.
    """
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await conn.execute(
            "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots"
            " where database = 'postgres' and active_pid is not null"
        )
        await conn.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
            " where database = 'postgres'"
        )
        await conn.execute("drop database postgres with (force)")
        await create_database(conn, "postgres")


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
        "select shobj_description(oid, 'pg_database') from pg_database"
        " where datname = current_database()"
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def run_file(conn: AsyncConnection, file: Path) -> None:
    """Run all statements of a file in one transaction; what it sets is gone afterwards."""
    text = file.read_bytes()  # noqa: ASYNC240 - small, and nothing else runs meanwhile
    try:
        async with conn.transaction():
            await conn.execute(text)
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
    if not file.exists():  # noqa: ASYNC240
        return False
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await run_file(conn, file)
    return True
