"""The fixtures that all other tests stand on."""

from __future__ import annotations

from psycopg import AsyncConnection

from tests.support.database import TestDatabase, as_user, new_user
from tests.support.stack import StackEnv


async def test_a_database_of_ones_own_holds_the_migrations(database: TestDatabase) -> None:
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        ada = await new_user(conn, "Ada")
    async with as_user(database.conninfo, ada) as conn:
        row = await (await conn.execute("select auth.uid(), current_user")).fetchone()
    assert row == (ada, "authenticated")


async def test_migrations_run_without_superuser_rights(stack: StackEnv) -> None:
    async with await AsyncConnection.connect(stack.database_url) as conn:
        row = await (
            await conn.execute(
                "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
                "from pg_roles where rolname = current_user"
            )
        ).fetchone()
    assert row == (False, True, True, True, True)
