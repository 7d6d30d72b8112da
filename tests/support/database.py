"""Databases for tests: copies of a template with the bootstrap and all migrations."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from local.database import bootstrap, create_database
from local.migrate import migrate

SUPERUSER = "supabase_admin"


@dataclass(frozen=True)
class TestDatabase:
    """One database: as its owner, who runs migrations, and as the superuser."""

    __test__ = False

    conninfo: str
    """Logs in as `postgres`, like a migration: no superuser."""
    admin_conninfo: str
    """Logs in as `supabase_admin`."""
    name: str


def named(server: str, name: str) -> TestDatabase:
    """A database of a server, given the URL of any other in it."""
    return TestDatabase(
        conninfo=make_conninfo(server, dbname=name),
        admin_conninfo=make_conninfo(server, dbname=name, user=SUPERUSER),
        name=name,
    )


async def admin(server: str) -> AsyncConnection:
    """A superuser's connection to create and drop databases with."""
    return await AsyncConnection.connect(
        make_conninfo(server, dbname="template1", user=SUPERUSER), autocommit=True
    )


async def make_database(server: str, name: str, *, migrated: bool = True) -> TestDatabase:
    """A new database with the bootstrap, and with all migrations unless told otherwise."""
    async with await admin(server) as conn:
        await create_database(conn, name)
    made = named(server, name)
    await bootstrap(made.admin_conninfo)
    if migrated:
        await migrate(made.conninfo)
    return made


@contextlib.asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[TestDatabase]:
    """A database as a new Supabase project has it: bootstrapped, without any migration."""
    made = await make_database(server, f"empty_{uuid.uuid4().hex[:12]}", migrated=False)
    try:
        yield made
    finally:
        await drop_database(server, made.name)


async def copy_database(server: str, template: str) -> TestDatabase:
    """A copy of `template`, which nobody may be connected to."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    async with await admin(server) as conn:
        statement = sql.SQL("create database {} owner postgres template {}")
        await conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return named(server, name)


async def drop_database(server: str, name: str) -> None:
    """Remove a database and end the sessions in it."""
    async with await admin(server) as conn:
        await conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


@contextlib.asynccontextmanager
async def as_role(
    conninfo: str, role: str, claims: dict[str, object]
) -> AsyncIterator[AsyncConnection]:
    """A session as PostgREST gives it: `role` set, and the token's claims. Autocommit."""
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        await conn.execute(
            "select set_config('request.jwt.claims', %s, false)", (json.dumps(claims),)
        )
        await conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        yield conn


@contextlib.asynccontextmanager
async def as_user(conninfo: str, user_id: str | uuid.UUID) -> AsyncIterator[AsyncConnection]:
    """A session of a signed-in user."""
    claims: dict[str, object] = {
        "sub": str(user_id),
        "role": "authenticated",
        "aud": "authenticated",
    }
    async with as_role(conninfo, "authenticated", claims) as conn:
        yield conn


@contextlib.asynccontextmanager
async def as_anon(conninfo: str) -> AsyncIterator[AsyncConnection]:
    """A session of a visitor without a user token."""
    async with as_role(conninfo, "anon", {"role": "anon"}) as conn:
        yield conn


@contextlib.asynccontextmanager
async def as_service(conninfo: str) -> AsyncIterator[AsyncConnection]:
    """A session with the secret key."""
    async with as_role(conninfo, "service_role", {"role": "service_role"}) as conn:
        yield conn


async def new_user(conn: AsyncConnection, name: str = "Ada", mentor: bool = False) -> uuid.UUID:
    """A new account, written where auth writes it; a mentor is one who has taught.

    `conn` logs in as the superuser.
    """
    user_id = uuid.uuid4()
    await conn.execute(
        """
        insert into auth.users (
            id, aud, role, email, encrypted_password, email_confirmed_at,
            raw_app_meta_data, raw_user_meta_data, created_at, updated_at
        )
        values (%s, 'authenticated', 'authenticated', %s, '', now(), '{}', %s, now(), now())
        """,
        (user_id, f"{user_id}@example.test", json.dumps({"name": name})),
    )
    if mentor:
        await conn.execute(
            "update public.profiles set is_mentor = true, total_sessions_taught = 3 where id = %s",
            (user_id,),
        )
    return user_id
