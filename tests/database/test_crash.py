"""Postgres is killed while approvals run: what was answered holds, and nothing is half done."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import AsyncConnection, Error, OperationalError

from tests.database.crowd import APPROVE, APPROVE_PLAIN, attempt
from tests.database.invariants import broken_invariants
from tests.database.people import Ask, ask, days_ahead, make_people
from tests.support.campaign import size
from tests.support.database import named
from tests.support.stack import read_env, start_stack, stop_stack
from tests.support.wait import eventually

CLIENTS = 8


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Path]:
    """A stack that nobody else uses, because it is going to be killed."""
    data = tmp_path / "stack"
    try:
        start_stack(data)
        yield data
    finally:
        stop_stack(data)


def kill_postgres(data: Path) -> None:
    """The server and every process of it, without warning."""
    server = int((data / "database" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in (server, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


async def approve_all(
    conninfo: str, work: asyncio.Queue[tuple[uuid.UUID, uuid.UUID]], answered: list[uuid.UUID]
) -> None:
    """Approves what is waiting, until nothing is left or the server is gone."""
    try:
        async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
            while not work.empty():
                request_id, mentor = work.get_nowait()
                path = APPROVE if request_id.int % 2 else APPROVE_PLAIN
                if await attempt(conn, mentor, path, (request_id,)) == "ok":
                    answered.append(request_id)
    except OperationalError:
        return


@pytest.mark.timeout(600)
async def test_a_kill_in_the_middle_of_approvals_leaves_nothing_half_done(own_stack: Path) -> None:
    database = named(read_env(own_stack).database_url, "postgres")
    count = size(200, 1000)
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin:
        student, *mentors = await make_people(admin, 11)
        asked = [
            Ask(student, mentors[n % len(mentors)], days_ahead(n + 1), 30) for n in range(count)
        ]
        ids = await ask(admin, asked)

    work: asyncio.Queue[tuple[uuid.UUID, uuid.UUID]] = asyncio.Queue()
    for request_id, one in zip(ids, asked, strict=True):
        work.put_nowait((request_id, one.mentor))
    answered: list[uuid.UUID] = []

    async def half_is_done() -> bool:
        return len(answered) >= count // 2

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(approve_all(database.conninfo, work, answered))
        await eventually(half_is_done, within=60)
        kill_postgres(own_stack)
    assert len(answered) < count, "the kill came in the middle"

    async def recovered() -> bool:
        try:
            async with await AsyncConnection.connect(database.conninfo) as conn:
                await conn.execute("select 1")
        except Error:
            return False
        return True

    await eventually(recovered, within=60)
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin:
        assert await broken_invariants(admin) == {}
        rows = await (
            await admin.execute("select id from public.session_requests where status = 'approved'")
        ).fetchall()
        approved = {row[0] for row in rows}
        assert approved >= set(answered), "what was answered is there"

        rest: asyncio.Queue[tuple[uuid.UUID, uuid.UUID]] = asyncio.Queue()
        for request_id, one in zip(ids, asked, strict=True):
            if request_id not in approved:
                rest.put_nowait((request_id, one.mentor))
        await approve_all(database.conninfo, rest, answered)
        assert await broken_invariants(admin) == {}
        left = await admin.execute(
            "select count(*) from public.session_requests where status <> 'approved'"
        )
        assert await left.fetchone() == (0,)
