"""Whatever the database lets a user do, the SDK has a method for: nothing is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from tests.support.stack import REPO, StackEnv

SOURCES = [*(REPO / "sdk/mentorkit/_async").glob("*.py"), REPO / "sdk/mentorkit/_live/feeds.py"]
CALLED = re.compile(r'\bfunction\(\s*"(\w+)"')
READ = re.compile(r'(?:from_\(|\btable=)"(\w+)"')
NOT_FOR_USERS = {"generate_video_room_id": "the database gives rooms their ids"}
OF_THE_FUNCTIONS = {
    # What the serverless functions ask of the database, with plain `service.call`.
    "answer_link", "answer_request", "calendar_feed", "claim_deliveries", "finish_deliveries",
    "unsubscribe",
}  # fmt: skip

FUNCTIONS = """
    select p.proname, coalesce(p.proargnames[:p.pronargs], '{}')
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
            and has_function_privilege(%s, p.oid, 'execute')
"""
TABLES = """
    select c.relname
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'p')
            and has_any_column_privilege('authenticated', c.oid, 'select')
"""


def texts() -> dict[Path, str]:
    return {path: path.read_text("utf-8") for path in SOURCES}


async def callable_by(stack: StackEnv, role: str) -> dict[str, list[str]]:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        rows = await (await connection.execute(FUNCTIONS, (role,))).fetchall()
    return dict(rows)


async def test_every_function_a_user_may_call_has_a_method(stack: StackEnv) -> None:
    offered = await callable_by(stack, "authenticated")
    called = {name for text in texts().values() for name in CALLED.findall(text)}
    assert len(offered) > 30
    assert set(offered) - called == set(NOT_FOR_USERS)


async def test_every_function_of_the_service_has_a_method(stack: StackEnv) -> None:
    users, service = [await callable_by(stack, role) for role in ("authenticated", "service_role")]
    called = {name for text in texts().values() for name in CALLED.findall(text)}
    assert set(service) - set(users) - called == OF_THE_FUNCTIONS
    assert called <= set(users) | set(service)


async def test_every_argument_of_a_function_can_be_given(stack: StackEnv) -> None:
    """Its name stands in the file that calls the function, as a key of what is sent."""
    offered = await callable_by(stack, "service_role") | await callable_by(stack, "authenticated")
    lacking = [
        f"{name}({argument})"
        for text in texts().values()
        for name in CALLED.findall(text)
        for argument in offered[name]
        if f'"{argument}"' not in text
    ]
    assert lacking == []


async def test_every_table_a_user_may_read_is_read(stack: StackEnv) -> None:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        rows = await (await connection.execute(TABLES)).fetchall()
    read = {name for text in texts().values() for name in READ.findall(text)}
    assert len(rows) > 15
    assert {name for (name,) in rows} == read
