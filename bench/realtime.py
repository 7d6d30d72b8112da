"""Commit to callback: how long a change takes from its INSERT to the callback of supabase-py."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import jwt
import psycopg
from realtime import AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent
from websockets.asyncio.client import connect

TITLE = "Realtime: commit to SDK callback"

SUBSCRIBERS = int(os.environ.get("BENCH_SUBSCRIBERS", "100"))
PER_SECOND = 50
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
TABLE = "bench_notes"
SETUP = f"""
    drop table if exists public.{TABLE};
    create table public.{TABLE} (id bigint generated always as identity primary key,
        owner uuid not null, open boolean not null, sent_ns bigint not null);
    grant select on public.{TABLE} to authenticated;
    alter table public.{TABLE} enable row level security;
    create policy own on public.{TABLE} for select to authenticated
        using (open or (select auth.uid()) = owner);
    alter publication supabase_realtime add table public.{TABLE};
"""
# What is measured: name, filter of each subscriber, whether everybody may see every row. Where all
# hear everything, one of them is supabase-py and the others only read: a process of Python that
# parses 5,000 changes a second would be measured instead.
SCENES = (
    ("each filters on its own rows", True, False),
    ("no filter, row level security lets one of all see it", False, False),
    ("no filter, everybody sees every change, one is the SDK", False, True),
)


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
            subprocess.run([*local, "down", "--data", data], check=True, capture_output=True)


def token(env: dict[str, str], person: str) -> str:
    now = int(time.time())
    claims = {"sub": person, "role": "authenticated", "aud": "authenticated", "iat": now}
    return jwt.encode({**claims, "exp": now + 3600}, env["SUPABASE_JWT_SECRET"], algorithm="HS256")


@asynccontextmanager
async def subscriber(
    env: dict[str, str], person: str, filtered: bool, told: Callable[[float], None]
) -> AsyncIterator[None]:
    """One connection of supabase-py that tells how old each change is when its callback runs."""
    client = AsyncRealtimeClient(
        f"{env['SUPABASE_URL']}/realtime/v1", env["SUPABASE_PUBLISHABLE_KEY"]
    )
    await client.set_auth(token(env, person))
    flowing = asyncio.Event()

    def heard(payload: Any) -> None:
        told((time.time_ns() - payload["data"]["record"]["sent_ns"]) / 1e6)

    channel = client.channel("bench").on_system(lambda _: flowing.set())
    channel.on_postgres_changes(
        RealtimePostgresChangesListenEvent.Insert,
        heard,
        table=TABLE,
        schema="public",
        filter=f"owner=eq.{person}" if filtered else None,
    )
    await channel.subscribe()
    async with asyncio.timeout(20):
        await flowing.wait()
    try:
        yield
    finally:
        await client.close()


@asynccontextmanager
async def reader(env: dict[str, str], person: str) -> AsyncIterator[None]:
    """A subscriber that takes what comes and does nothing with it."""
    base = env["SUPABASE_URL"].replace("http", "ws", 1)
    key = env["SUPABASE_PUBLISHABLE_KEY"]
    wish = {"event": "INSERT", "schema": "public", "table": TABLE}
    payload = {"config": {"postgres_changes": [wish]}, "access_token": token(env, person)}
    async with connect(f"{base}/realtime/v1/websocket?apikey={key}&vsn=2.0.0") as socket:
        await socket.send(json.dumps(["1", "1", "realtime:bench", "phx_join", payload]))
        while "Subscribed to PostgreSQL" not in str(await socket.recv()):
            pass

        async def read() -> None:
            async for _ in socket:
                pass

        reading = asyncio.create_task(read())
        yield
        reading.cancel()


async def scene(env: dict[str, str], filtered: bool, everybody: bool) -> list[float]:
    """The latencies of one scene, in ms. The writer is a process of its own."""
    people = [str(uuid.uuid4()) for _ in range(SUBSCRIBERS)]
    changes = int(PER_SECOND * SECONDS)
    latencies: list[float] = []
    all_heard = asyncio.Event()

    def heard(latency: float) -> None:
        latencies.append(latency)
        if len(latencies) == changes:
            all_heard.set()

    async with AsyncExitStack() as stack:
        for number, person in enumerate(people):
            if everybody and number > 0:
                await stack.enter_async_context(reader(env, person))
            else:
                await stack.enter_async_context(subscriber(env, person, filtered, heard))
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.realtime", env["DATABASE_URL"], str(changes),
            "all" if everybody else "own", *people,
        )  # fmt: skip
        assert await writer.wait() == 0
        async with asyncio.timeout(60):
            await all_heard.wait()
    return latencies


def write(database_url: str, changes: int, everybody: bool, people: list[str]) -> None:
    """Insert `changes` rows at an even pace, each stamped just before it is sent."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        start = time.monotonic()
        for number in range(changes):
            time.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
            connection.execute(
                f"insert into public.{TABLE} (owner, open, sent_ns) values (%s, %s, %s)",
                (people[number % len(people)], everybody, time.time_ns()),
            )


def run() -> list[str]:
    """Markdown lines."""
    how = (
        f"{PER_SECOND} inserts a second for {SECONDS:.0f} s, {SUBSCRIBERS} connections of"
        " supabase-py in one process, each with a token of its own; time from just before the"
        " INSERT is sent to the callback of the SDK. Wanted: p50 at most 15 ms, p99 at most 60 ms."
    )
    lines = [
        how,
        "",
        "| subscribers | callbacks | p50 ms | p99 ms | max ms |",
        "|---|---|---|---|---|",
    ]
    with own_stack() as env:
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(SETUP)
        for name, filtered, everybody in SCENES:
            found = sorted(asyncio.run(scene(env, filtered, everybody)))
            cuts = statistics.quantiles(found, n=100)
            lines.append(
                f"| {name} | {len(found)} | {cuts[49]:.1f} | {cuts[98]:.1f} | {found[-1]:.1f} |"
            )
    return lines


if __name__ == "__main__":
    url, count, whose, *owners = sys.argv[1:]
    write(url, int(count), whose == "all", owners)
