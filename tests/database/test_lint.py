"""`supabase db lint` on all migrations, in a PostgreSQL that has the checker.

plpgsql_check is part of Supabase and not of the PyPI wheel; Debian has it beside its own server.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from tests.database.cli import supabase
from tests.support.stack import ANY_PORTS, read_env, run_local, stop_stack

CHECKERS = sorted(Path("/usr/share/postgresql").glob("*/extension/plpgsql_check.control"))


async def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    if not CHECKERS:
        missing = "install postgresql-NN-plpgsql-check (make test does, as root on Debian)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    version = CHECKERS[-1].parent.parent.name
    programs = {"MENTORKIT_PG_BIN": f"/usr/lib/postgresql/{version}/bin"}
    up = ("up", "--detach", "--data", str(tmp_path), *ANY_PORTS)
    started = await run_local(*up, within=90, env={**os.environ, **programs})
    assert started.code == 0, started.out + started.err
    try:
        url = read_env(tmp_path).database_url
        admin = make_conninfo(url, user="supabase_admin")
        async with await AsyncConnection.connect(admin, autocommit=True) as conn:
            await conn.execute("create extension plpgsql_check with schema extensions")
        said = await supabase(
            "db", "lint", "--level", "warning", "--fail-on", "warning", "-s", "public,private",
            f"--remote={url}?sslmode=disable",
        )  # fmt: skip
        assert said.code == 0, said.out + said.err
    finally:
        stop_stack(tmp_path)
