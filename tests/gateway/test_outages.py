"""PostgREST or Postgres away for a while: a clear answer, then service again."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.gateway.project import Project, new_project, stop
from tests.gateway.serving import Gateway, code, running_gateway
from tests.support.stack import StackEnv
from tests.support.wait import eventually

ITEMS = "/rest/v1/items?limit=1"


class Load:
    """Readers that ask without a pause and count what they are answered."""

    def __init__(self, gateway: Gateway, readers: int = 8) -> None:
        self.seen: Counter[int] = Counter()
        self._gateway = gateway
        self._tasks = [asyncio.create_task(self._read()) for _ in range(readers)]

    async def _read(self) -> None:
        while True:
            answer = await self._gateway.http.get(ITEMS)
            self.seen[answer.status_code] += 1
            if answer.status_code == 503:
                assert answer.json()["message"], "an error that clients can read"

    async def more(self, status: int, count: int = 20) -> None:
        """Wait until this status was answered so many times more."""
        wanted = self.seen[status] + count

        async def enough() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()
            return self.seen[status] >= wanted

        await eventually(enough, within=20)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in ended:
            if not isinstance(outcome, asyncio.CancelledError):
                raise AssertionError(outcome)


async def test_postgrest_restarted_under_load_is_503_and_then_service(
    stack: StackEnv, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("p")
    async with (
        new_project(stack.database_url, directory) as project,
        project.postgrest() as first,
        running_gateway(**project.settings()) as gateway,
    ):
        load = Load(gateway)
        await load.more(200)
        await stop(first)
        await load.more(503)
        assert (await gateway.http.get("/health")).status_code == 503
        write = await gateway.http.post("/rest/v1/items", json={"name": "x"})
        assert write.status_code == 503
        assert write.json()["code"] == "PGRST000"
        second = await project.start_postgrest()
        try:
            await load.more(200)
            await load.end()
            assert set(load.seen) == {200, 503}
            assert (await gateway.http.get("/health")).status_code == 200
        finally:
            await stop(second)


async def test_a_request_under_way_when_postgrest_dies_is_answered(
    stack: StackEnv, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("p")
    async with (
        new_project(stack.database_url, directory) as project,
        project.postgrest() as process,
        running_gateway(**project.settings()) as gateway,
    ):
        nap = asyncio.create_task(gateway.http.post("/rest/v1/rpc/nap", json={"seconds": 30}))
        await eventually(lambda: naps(project), within=10)
        await stop(process)
        assert (await nap).status_code == 503


async def test_auth_says_when_it_has_no_database_and_finds_it_again(
    stack: StackEnv, tmp_path: Path, email: str
) -> None:
    server = make_conninfo(stack.database_url, user="supabase_admin")
    async with (
        new_project(stack.database_url, tmp_path) as project,
        running_gateway(**project.settings(), database_patience_seconds=0.5) as gateway,
        await psycopg.AsyncConnection.connect(server, autocommit=True) as conn,
    ):
        await gateway.sign_up(email)

        async def signed_in() -> bool:
            return (await gateway.sign_in(email)).status_code == 200

        name = project.database.name
        await cut_auth(conn, name)
        await eventually(signed_in, within=20)

        allow = sql.SQL("alter database {} allow_connections {}")
        await conn.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        await cut_auth(conn, name)
        assert code(await gateway.sign_in(email)) == (503, "unexpected_failure")
        await conn.execute(allow.format(sql.Identifier(name), sql.Literal(True)))
        await eventually(signed_in, within=20)


async def cut_auth(conn: psycopg.AsyncConnection, database: str) -> None:
    """End the connections that auth holds to a database."""
    await conn.execute(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
            where datname = %s and application_name = 'gateway auth'
        """,
        (database,),
    )


async def naps(project: Project) -> bool:
    """Whether the database works on a nap."""
    async with await psycopg.AsyncConnection.connect(
        project.database.admin_conninfo, autocommit=True
    ) as conn:
        found = await conn.execute(
            """
            select from pg_stat_activity
                where datname = current_database() and query like '%nap%'
                and state = 'active' and pid <> pg_backend_pid()
            """
        )
    return found.rowcount > 0
