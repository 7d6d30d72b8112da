"""A new embedded database has what a new hosted project has, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from psycopg import AsyncConnection, errors, sql

from tests.support.database import copy_database, drop_database, empty_database
from tests.support.stack import StackEnv

MAY_BECOME = {
    "authenticator": {"anon", "authenticated", "service_role"},
    "postgres": {"anon", "authenticated", "service_role", "authenticator"},
}
TIMEOUTS = {"anon": "3s", "authenticated": "8s", "authenticator": "8s"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def new_project(stack: StackEnv) -> AsyncIterator[str]:
    """The name of a database as a project has it before its first migration."""
    async with empty_database(stack.database_url) as empty:
        yield empty.name


@pytest_asyncio.fixture
async def project(stack: StackEnv, new_project: str) -> AsyncIterator[AsyncConnection]:
    """A session of `postgres` in a copy of it."""
    copy = await copy_database(stack.database_url, new_project)
    async with await AsyncConnection.connect(copy.conninfo, autocommit=True) as conn:
        yield conn
    await drop_database(stack.database_url, copy.name)


async def rows(conn: AsyncConnection, query: sql.SQL | sql.Composed) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query)).fetchall()


async def test_roles_have_the_powers_they_have_on_hosted(project: AsyncConnection) -> None:
    found = await rows(
        project,
        sql.SQL("""
            select rolname, rolsuper, rolcanlogin, rolinherit, rolbypassrls
            from pg_roles where rolname in
                ('anon', 'authenticated', 'service_role', 'authenticator', 'supabase_admin')
        """),
    )
    assert set(found) == {
        ("anon", False, False, False, False),
        ("authenticated", False, False, False, False),
        ("service_role", False, False, False, True),
        ("authenticator", False, True, False, False),
        ("supabase_admin", True, True, True, True),
    }


async def test_roles_may_become_the_roles_they_may_on_hosted(project: AsyncConnection) -> None:
    found = await rows(
        project,
        sql.SQL("""
            select member.rolname, role.rolname from pg_auth_members
            join pg_roles as member on member.oid = member
            join pg_roles as role on role.oid = roleid
        """),
    )
    for member, roles in MAY_BECOME.items():
        assert roles <= {role for who, role in found if who == member}
    assert {who for who, role in found if role == "service_role"} <= {
        "authenticator",
        "postgres",
        "supabase_storage_admin",
    }


async def test_roles_have_their_time_limits(project: AsyncConnection) -> None:
    found = await rows(
        project,
        sql.SQL("""
            select rolname, split_part(setting, '=', 2) from pg_roles, unnest(rolconfig) as setting
            where setting like 'statement_timeout=%'
        """),
    )
    assert dict(found) == TIMEOUTS


async def test_nothing_in_public_is_granted_by_default(project: AsyncConnection) -> None:
    await project.execute("create table public.things (id int)")
    await project.execute("create sequence public.numbers")
    found = await rows(
        project,
        sql.SQL("""
            select role,
                has_table_privilege(role, 'public.things', 'select, insert, update, delete'),
                has_sequence_privilege(role, 'public.numbers', 'usage, select, update')
            from unnest(array['anon', 'authenticated', 'service_role']) as role
        """),
    )
    assert found == [(role, False, False) for role in ("anon", "authenticated", "service_role")]


@pytest.mark.parametrize("schema", ["auth", "storage", "realtime"])
async def test_a_migration_makes_nothing_in_schemas_of_services(
    project: AsyncConnection, schema: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        await project.execute(sql.SQL("create table {}.x (id int)").format(sql.Identifier(schema)))


async def test_a_migration_does_what_is_allowed_beside_them(project: AsyncConnection) -> None:
    for statement in (
        "create table public.people (id uuid primary key references auth.users on delete cascade)",
        """create function public.greet() returns trigger language plpgsql
            as 'begin return new; end'""",
        """create or replace trigger greet after insert on auth.users
            for each row execute function public.greet()""",
        """create policy "members listen" on realtime.messages
            for select to authenticated using (realtime.topic() = 'x')""",
        """create policy "members read" on storage.objects
            for select to authenticated using (bucket_id = 'x')""",
        "alter publication supabase_realtime add table public.people",
        "create extension if not exists btree_gist with schema extensions",
        "create schema private",
    ):
        await project.execute(statement)


async def test_a_migration_is_no_superuser(project: AsyncConnection) -> None:
    for statement in (
        "alter table auth.users add column more text",
        "alter role supabase_admin password 'mine'",
        "alter system set fsync = on",
        "create role king superuser",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            await project.execute(statement)


async def test_the_publication_is_there_empty_and_belongs_to_postgres(
    project: AsyncConnection,
) -> None:
    found = await rows(
        project,
        sql.SQL("""
            select pg_get_userbyid(pubowner),
                (select count(*) from pg_publication_tables as t where t.pubname = p.pubname)
            from pg_publication as p where pubname = 'supabase_realtime'
        """),
    )
    assert found == [("postgres", 0)]


async def test_outside_a_request_nobody_is_signed_in(project: AsyncConnection) -> None:
    found = await rows(project, sql.SQL("select auth.uid(), auth.role(), auth.email(), auth.jwt()"))
    assert found == [(None, None, None, None)]


async def test_extensions_live_in_their_schema(project: AsyncConnection) -> None:
    found = await rows(
        project,
        sql.SQL("select extname from pg_extension where extnamespace = 'extensions'::regnamespace"),
    )
    assert {"pgcrypto", "pg_stat_statements"} <= {name for (name,) in found}
    assert await rows(project, sql.SQL("select extensions.uuid_generate_v4() is not null")) == [
        (True,)
    ]


async def test_pgtap_can_be_had(project: AsyncConnection) -> None:
    await project.execute("create extension pgtap with schema extensions")
    await project.execute("set search_path = extensions")
    await project.execute("select plan(1)")
    assert await rows(project, sql.SQL("select ok(true, 'it runs')")) == [("ok 1 - it runs",)]
