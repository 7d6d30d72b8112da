"""What the SDK costs on top of supabase-py's parts: per call, per watcher, per import."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from postgrest import AsyncPostgrestClient

from mentorkit import AsyncMentorkit, Request

TITLE = "The SDK: calls, watchers, import"

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "300"))
IMPORTS = int(os.environ.get("BENCH_IMPORTS", "9"))
WATCHERS = 1000
PENDING = 5
COLUMNS = (
    "*,student:profiles!session_requests_student_profile(id,name,rating,rating_count),"
    "mentor:profiles!session_requests_mentor_profile(id,name,rating,rating_count)"
)
"""What `requests.pending()` asks for."""


@contextmanager
def own_stack() -> Iterator[dict[str, str]]:
    """A stack in a directory of its own, as `python -m local env --json` describes it."""
    local = [sys.executable, "-m", "local"]
    ports = ["--port", "0", "--db-port", "0", "--signaling-port", "0", "--web-port", "0"]
    with tempfile.TemporaryDirectory(prefix="mentorkit-bench-") as data:
        subprocess.run(
            [*local, "up", "--detach", "--data", data, *ports], check=True, capture_output=True
        )
        try:
            said = subprocess.run(
                [*local, "env", "--json", "--data", data], check=True, capture_output=True
            )
            yield json.loads(said.stdout)
        finally:
            subprocess.run([*local, "down", "--data", data], check=False, capture_output=True)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


def _turns(number: int) -> list[str]:
    """Who goes first changes from round to round."""
    return ["bare", "sdk"] if number % 2 else ["sdk", "bare"]


async def _people(env: dict[str, str]) -> tuple[AsyncMentorkit, AsyncMentorkit, UUID]:
    """A student, a mentor, and some requests between them."""
    clients = []
    for is_mentor in (False, True):
        client = AsyncMentorkit(env["SUPABASE_URL"], env["SUPABASE_PUBLISHABLE_KEY"])
        email = f"{uuid4().hex}@bench.test"
        await client.auth.sign_up(email=email, password="a long password", mentor=is_mentor)
        clients.append(client)
    student, mentor = clients
    subject = (await student.subjects.list())[0]
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    me = await mentor.auth.user_id()
    for number in range(PENDING):
        await student.requests.create(
            mentor_id=me,
            subject_id=subject.id,
            title=f"Request {number}",
            requested_time=start + timedelta(days=1 + number),
            duration=60,
        )
    return student, mentor, me


async def _calls(env: dict[str, str]) -> list[str]:
    student, mentor, me = await _people(env)
    async with student, mentor:
        token = await mentor.auth.access_token()
        headers = {"apikey": env["SUPABASE_PUBLISHABLE_KEY"], "Authorization": f"Bearer {token}"}
        bare = AsyncPostgrestClient(f"{env['SUPABASE_URL']}/rest/v1", headers=headers)

        async def by_hand() -> list[Any]:
            """The same rows and columns in the same order, on a kept connection of its own."""
            query = bare.from_("session_requests").select(COLUMNS).eq("mentor_id", str(me))
            query = query.eq("status", "pending").order("created_at").order("id").limit(100)
            return list((await query.execute()).data)

        async def by_sdk() -> list[Request]:
            return await mentor.requests.pending()

        plain, typed = await by_hand(), await by_sdk()
        assert [row["id"] for row in plain] == [str(row.id) for row in typed]
        assert len(typed) == PENDING
        assert all(row.student is not None for row in typed)
        taken: dict[str, list[float]] = {"bare": [], "sdk": []}
        works: dict[str, Callable[[], Awaitable[object]]] = {"bare": by_hand, "sdk": by_sdk}
        for number in range(ROUNDS):  # in turns, so that both have the same weather
            for name in _turns(number):
                taken[name].append(await _timed(works[name]))
        bare_ms, sdk_ms = (statistics.median(taken[name]) for name in ("bare", "sdk"))

        async def hundred(work: Callable[[], Awaitable[object]]) -> None:
            await asyncio.gather(*(work() for _ in range(100)))

        many: dict[str, list[float]] = {"bare": [], "sdk": []}
        for number in range(8):
            for name in _turns(number):
                many[name].append(await _timed(partial(hundred, works[name])))
        bare_many, sdk_many = (statistics.median(many[name]) for name in ("bare", "sdk"))
        await bare.aclose()
    return [
        (
            f"Both sides read the same {PENDING} rows with the same columns, people included, in "
            "turns, each on kept connections of its own."
        ),
        "",
        "| | bare postgrest | mentorkit | ratio | promised |",
        "|---|---|---|---|---|",
        (
            f"| `requests.pending()`, median of {ROUNDS} | {bare_ms:.2f} ms | {sdk_ms:.2f} ms "
            f"| {sdk_ms / bare_ms:.2f} | at most 1.2 |"
        ),
        (
            f"| 100 of them at once, median of 8 | {bare_many:.0f} ms | {sdk_many:.0f} ms "
            f"| {sdk_many / bare_many:.2f} | |"
        ),
    ]


async def _watchers(env: dict[str, str]) -> list[str]:
    async with AsyncMentorkit(env["SUPABASE_URL"], env["SUPABASE_PUBLISHABLE_KEY"]) as client:
        email = f"{uuid4().hex}@bench.test"
        user = await client.auth.sign_up(email=email, password="a long password")
        await _notice(env, user.id, "first")
        first = client.notifications.watch()
        await first.next(timeout=30)
        gc.collect()
        before = _resident()
        watches = [client.notifications.watch() for _ in range(WATCHERS)]
        begun = time.perf_counter()
        for start in range(0, WATCHERS, 50):
            await asyncio.gather(*(watch.next(timeout=60) for watch in watches[start : start + 50]))
        opened = time.perf_counter() - begun
        gc.collect()
        grown = _resident() - before
        waiting = [asyncio.create_task(watch.next(timeout=30)) for watch in watches]
        await asyncio.sleep(0.2)
        begun = time.perf_counter()
        await _notice(env, user.id, "second")
        rows = await asyncio.gather(*waiting)
        reached = (time.perf_counter() - begun) * 1000
        assert len({row.id for row in rows}) == 1
        for watch in watches:
            await watch.close()
    return [
        "",
        (
            f"{WATCHERS:,} open watchers on one connection: {grown / WATCHERS / 1024:.1f} KiB each "
            f"({grown / 2**20:.1f} MiB of the process in all), opened in {opened:.1f} s "
            f"(each reads its rows); one change reached all of them {reached:.0f} ms after its "
            "commit began."
        ),
    ]


def _resident() -> int:
    """The memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _notice(env: dict[str, str], recipient: UUID, about: str) -> None:
    async with await psycopg.AsyncConnection.connect(env["DATABASE_URL"]) as connection:
        await connection.execute(
            "insert into public.notifications (recipient_id, kind, about) "
            "values (%s, 'session_reminder', %s)",
            (recipient, about),
        )


def _imports() -> list[str]:
    taken: dict[str, list[float]] = {"supabase": [], "mentorkit": []}
    for _ in range(IMPORTS):
        for name in taken:
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            taken[name].append(time.perf_counter() - begun)
    nothing = []
    for _ in range(IMPORTS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        nothing.append(time.perf_counter() - begun)
    base = statistics.median(nothing)
    theirs, ours = (statistics.median(taken[name]) - base for name in ("supabase", "mentorkit"))
    return [
        "",
        (
            f"`import mentorkit` {ours * 1000:.0f} ms, `import supabase` {theirs * 1000:.0f} ms, "
            f"ratio {ours / theirs:.2f} (promised: at most 1.3; the start of Python taken off, "
            f"medians of {IMPORTS})."
        ),
    ]


def run() -> list[str]:
    """Measure all of it; gives lines of Markdown."""
    with own_stack() as env:
        lines = asyncio.run(_calls(env))
        lines += asyncio.run(_watchers(env))
    return lines + _imports()
