"""Schema auth: what migrations and policies find there, and what is not theirs."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from psycopg import AsyncConnection, errors

import local
from tests.support.database import TestDatabase, as_anon, as_role, as_user, new_user

BOOTSTRAP = Path(local.__file__).parent / "bootstrap" / "20_auth.sql"
FORBIDDEN = (
    b"alter table auth.users add column nickname text",
    b"drop table auth.users cascade",
    b"create table auth.mine ()",
    b"alter table auth.users disable row level security",
    b"create policy p on auth.users for select using (true)",
    b"drop function auth.uid() cascade",
)
READ = "select auth.uid(), auth.role(), auth.email(), auth.jwt()"


async def test_outside_a_request_nobody_asks(database: TestDatabase) -> None:
    async with await AsyncConnection.connect(database.conninfo) as conn:
        assert await (await conn.execute(READ)).fetchone() == (None, None, None, None)
        await conn.execute("select set_config('request.jwt.claims', '', true)")
        assert await (await conn.execute(READ)).fetchone() == (None, None, None, None)


async def test_in_a_request_the_claims_say_who_asks(database: TestDatabase) -> None:
    who = uuid.uuid4()
    claims: dict[str, object] = {"sub": str(who), "role": "authenticated", "email": "a@b.test"}
    async with as_role(database.conninfo, "authenticated", claims) as conn:
        seen = await (await conn.execute(READ)).fetchone()
    assert seen == (who, "authenticated", "a@b.test", claims)


async def test_settings_of_single_claims_are_read_too(database: TestDatabase) -> None:
    who = uuid.uuid4()
    async with await AsyncConnection.connect(database.conninfo) as conn:
        await conn.execute("select set_config('request.jwt.claim.sub', %s, true)", (str(who),))
        await conn.execute("select set_config('request.jwt.claim.role', 'anon', true)")
        seen = await (await conn.execute("select auth.uid(), auth.role()")).fetchone()
    assert seen == (who, "anon")


async def test_no_account_is_read_through_the_data_api(database: TestDatabase) -> None:
    for session in (
        as_anon(database.conninfo),
        as_user(database.conninfo, uuid.uuid4()),
        as_role(database.conninfo, "service_role", {"role": "service_role"}),
    ):
        async with session as conn:
            for table in ("users", "identities", "sessions", "refresh_tokens"):
                with pytest.raises(errors.InsufficientPrivilege):
                    await conn.execute(f"select count(*) from auth.{table}".encode())


async def test_migrations_refer_to_users_and_hang_triggers_on_them(database: TestDatabase) -> None:
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        await conn.execute(
            """
            create table public.pets (
                owner uuid not null references auth.users (id) on delete cascade
            );
            create function public.adopt() returns trigger
                language plpgsql security definer set search_path = '' as
                $$ begin insert into public.pets values (new.id); return new; end $$;
            create or replace trigger adopt after insert on auth.users
                for each row execute function public.adopt();
            create or replace trigger adopt after insert on auth.users
                for each row execute function public.adopt();
            """
        )
        async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as root:
            user_id = await new_user(root)
        pets = "select count(*) from public.pets where owner = %s"
        assert await (await conn.execute(pets, (user_id,))).fetchone() == (1,)
        await conn.execute("delete from auth.users where id = %s", (user_id,))
        assert await (await conn.execute(pets, (user_id,))).fetchone() == (0,)


async def test_migrations_do_not_change_what_is_auths(database: TestDatabase) -> None:
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        for statement in FORBIDDEN:
            with pytest.raises(errors.InsufficientPrivilege):
                await conn.execute(statement)


async def test_the_bootstrap_may_run_again_and_keeps_the_accounts(database: TestDatabase) -> None:
    catalogue = """
        select md5(string_agg(line, '' order by line)) from (
            select a.attrelid::regclass || a.attname || a.atttypid::regtype || a.attnotnull as line
                from pg_attribute a join pg_class c on c.oid = a.attrelid
                where c.relnamespace = 'auth'::regnamespace and a.attnum > 0
            union all
            select proname || prosrc || coalesce(proacl::text, '')
                from pg_proc where pronamespace = 'auth'::regnamespace
            union all
            select relname || relkind::text || coalesce(relacl::text, '') || relrowsecurity
                from pg_class where relnamespace = 'auth'::regnamespace
        ) as lines
    """
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        user_id = await new_user(conn)
        before = await (await conn.execute(catalogue.encode())).fetchone()
        await conn.execute(BOOTSTRAP.read_bytes())
        assert await (await conn.execute(catalogue.encode())).fetchone() == before
        found = await conn.execute("select from auth.users where id = %s", (user_id,))
        assert found.rowcount == 1


async def test_one_address_is_one_account_but_single_sign_on_may_share_it(
    database: TestDatabase,
) -> None:
    insert = "insert into auth.users (id, email, is_sso_user) values (gen_random_uuid(), %s, %s)"
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        await conn.execute("alter table auth.users disable trigger user")
        await conn.execute(insert, ("a@b.test", False))
        await conn.execute(insert, ("a@b.test", True))
        with pytest.raises(errors.UniqueViolation):
            await conn.execute(insert, ("a@b.test", False))
