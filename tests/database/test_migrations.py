"""Migrations: applied twice, pushed by the CLI, in one file: always the same database."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from local.migrate import MIGRATIONS, migrate, migrations_in
from tests.database.catalogue import catalogue
from tests.database.cli import supabase, url_of
from tests.database.tap import TESTS, faults, run_tap
from tests.support.database import TestDatabase, empty_database
from tests.support.stack import REPO, StackEnv


async def catalogue_of(database: TestDatabase) -> list[tuple[str, ...]]:
    async with await AsyncConnection.connect(database.conninfo) as conn:
        return await catalogue(conn)


async def run_files(database: TestDatabase, *texts: str) -> None:
    """Each text in a transaction, as the role of migrations."""
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        await conn.execute("set client_min_messages = error")
        for text in texts:
            async with conn.transaction():
                await conn.execute(text.encode())


async def test_running_every_migration_again_changes_nothing(database: TestDatabase) -> None:
    before = await catalogue_of(database)
    await run_files(
        database, *(migration.file.read_text() for migration in migrations_in(MIGRATIONS))
    )
    assert await catalogue_of(database) == before
    assert len(before) > 500


@pytest.mark.timeout(240)
async def test_what_the_cli_pushes_is_what_local_applies(
    stack: StackEnv, database: TestDatabase
) -> None:
    async with empty_database(stack.database_url) as pushed:
        first = await supabase("db", "push", "--yes", f"--remote={url_of(pushed.conninfo)}")
        assert first.code == 0, first.err
        again = await supabase("db", "push", "--yes", f"--remote={url_of(pushed.conninfo)}")
        assert again.code == 0, again.err
        assert "up to date" in (again.out + again.err).lower()
        assert await catalogue_of(pushed) == await catalogue_of(database)
        drift = await supabase(
            "db", "diff", "--from", url_of(pushed.conninfo), "--to", url_of(database.conninfo)
        )
        assert (drift.code, drift.out.strip()) == (0, ""), drift.err
        assert await migrate(pushed.conninfo) == [], "and local finds nothing left to apply"


async def test_the_one_file_makes_the_same_database(
    stack: StackEnv, database: TestDatabase, tmp_path: Path
) -> None:
    target = tmp_path / "mentorkit.sql"
    made = await asyncio.create_subprocess_exec(
        sys.executable, "scripts/one_sql.py", "--output", str(target), cwd=REPO
    )
    assert await made.wait() == 0
    text = target.read_text().encode()
    async with (
        empty_database(stack.database_url) as pasted,
        await AsyncConnection.connect(pasted.conninfo, autocommit=True) as conn,
    ):
        await conn.execute("set client_min_messages = error")
        for _ in range(2):
            await conn.execute(text)
            assert await catalogue_of(pasted) == await catalogue_of(database)


async def test_the_advisors_have_nothing_to_say(database: TestDatabase) -> None:
    said = await supabase(
        "db", "advisors", "--type", "all", "--level", "warn", "--fail-on", "warn",
        f"--remote={url_of(database.conninfo)}",
    )  # fmt: skip
    assert said.code == 0, said.out + said.err
    assert "No issues found" in said.out + said.err


async def test_every_function_passes_the_compiler_with_all_warnings_on(
    database: TestDatabase,
) -> None:
    """What PostgreSQL brings itself; `supabase db lint` looks deeper and needs an extension."""
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        await conn.execute(
            "set plpgsql.extra_errors ="
            " 'strict_multi_assignment, too_many_rows, shadowed_variables'"
        )
        rows = await (
            await conn.execute(
                "select pg_get_functiondef(p.oid) from pg_proc as p"
                " join pg_language as l on l.oid = p.prolang"
                " where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
                " and l.lanname = 'plpgsql'"
            )
        ).fetchall()
        assert len(rows) > 20
        for (definition,) in rows:
            await conn.execute(definition.encode())


async def test_the_seed_runs_again_and_again(database: TestDatabase) -> None:
    seed = (REPO / "supabase" / "seed.sql").read_text()
    await run_files(database, seed, seed)
    async with await AsyncConnection.connect(database.conninfo) as conn:
        mentors = await conn.execute(
            "select name, total_sessions_taught, jsonb_array_length(subjects) from public.mentors"
        )
        assert await mentors.fetchall() == [("Mina Mentor", 12, 5)]


async def test_without_pg_cron_the_migration_says_what_to_do(stack: StackEnv) -> None:
    file = next(MIGRATIONS.glob("*_timed_work.sql")).read_text()
    said: list[str] = []
    async with empty_database(stack.database_url) as database:
        await migrate(database.conninfo)
        async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
            conn.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
            await conn.execute(file.encode())
    assert any("call public.timed_work every minute" in line for line in said)


CRON = """
    create schema cron;
    create table cron.job (jobname text primary key, schedule text, command text);
    create function cron.schedule(job_name text, schedule text, command text) returns bigint
        language sql as $$
        insert into cron.job values (job_name, schedule, command)
            on conflict (jobname) do update set command = excluded.command
            returning 1::bigint
    $$;
    grant usage on schema cron to postgres;
    grant all on cron.job to postgres;
    set allow_system_table_mods = on;
    insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        values (99999, 'pg_cron', 10, 'cron'::regnamespace, false, '1.6');
"""


async def test_with_pg_cron_the_database_calls_itself(database: TestDatabase) -> None:
    """The extension is not in the wheel: a stand-in takes down what it is told."""
    file = next(MIGRATIONS.glob("*_timed_work.sql")).read_text()
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        await conn.execute(CRON.encode())
    await run_files(database, file, file)
    async with await AsyncConnection.connect(database.conninfo) as conn:
        jobs = await conn.execute("select jobname, schedule, command from cron.job")
        ((name, schedule, command),) = await jobs.fetchall()
        assert (name, schedule) == ("mentorkit timed work", "* * * * *")
        assert (await (await conn.execute(command.encode())).fetchone()) is not None


async def test_the_matrix_of_access_holds_after_a_second_run(database: TestDatabase) -> None:
    await run_files(
        database, *(migration.file.read_text() for migration in migrations_in(MIGRATIONS))
    )
    assert faults(await run_tap(database, TESTS / "access.test.sql")) == []
