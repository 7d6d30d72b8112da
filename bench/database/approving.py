"""Approving under load: many mentors at once, and many clients on one mentor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from bench.database.times import percentile
from bench.realtime import token

CLIENTS = 16
APPROVALS = int(os.environ.get("BENCH_APPROVALS", "640"))

Approve = Callable[[uuid.UUID, uuid.UUID], Awaitable[float]]


async def people(conn: AsyncConnection, count: int) -> list[uuid.UUID]:
    """Accounts that may all teach, and one subject."""
    ids = [uuid.uuid4() for _ in range(count)]
    await conn.execute(
        "insert into auth.users (id, email, raw_user_meta_data)"
        ' select id, id::text || \'@example.test\', \'{"name": "B", "is_mentor": true}\''
        " from unnest(%s::uuid[]) as id",
        (ids,),
    )
    await conn.execute("update private.settings set max_open_requests = 1000000")
    return ids


async def requests(
    conn: AsyncConnection, mentors: Sequence[uuid.UUID], student: uuid.UUID, count: int
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Requests at hours that do not meet, to each mentor in turn; as pairs of request, mentor."""
    cursor = await conn.execute(
        """
        insert into public.session_requests
                (student_id, mentor_id, subject_id, title, requested_time, duration)
            select %s, (%s::uuid[])[n %% %s + 1], (select id from public.subjects limit 1), 'Bench',
                    date_trunc('hour', now()) + make_interval(hours => n + 2), 60
                from generate_series(
                    (select count(*) from public.session_requests),
                    (select count(*) from public.session_requests) + %s - 1
                ) as n
            returning id, mentor_id
        """.replace("hours => n", "hours => n::integer").encode(),
        (student, list(mentors), len(mentors), count),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


def directly(conn: AsyncConnection) -> Approve:
    """What PostgREST does for a request: one transaction as the person, prepared statements."""

    async def approve(request_id: uuid.UUID, mentor: uuid.UUID) -> float:
        began = time.perf_counter()
        async with conn.transaction():
            await conn.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims', %s, true)",
                (json.dumps({"sub": str(mentor), "role": "authenticated"}),),
                prepare=True,
            )
            cursor = await conn.execute(
                "select to_jsonb(s) from public.approve_request(%s) as s", (request_id,),
                prepare=True,
            )  # fmt: skip
            assert await cursor.fetchone()
        return time.perf_counter() - began

    return approve


def over_http(
    env: dict[str, str],
    tokens: dict[uuid.UUID, str],
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> Approve:
    """A kept connection to the gateway; as little client as can be, since it shares the cores."""
    reader, writer = streams
    head = (
        "POST /rest/v1/rpc/approve_request HTTP/1.1\r\n"
        f"host: {urlsplit(env['SUPABASE_URL']).netloc}\r\n"
        f"apikey: {env['SUPABASE_PUBLISHABLE_KEY']}\r\ncontent-type: application/json\r\n"
    )

    async def approve(request_id: uuid.UUID, mentor: uuid.UUID) -> float:
        began = time.perf_counter()
        body = json.dumps({"request_id": str(request_id)})
        writer.write(
            f"{head}authorization: Bearer {tokens[mentor]}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert answer.startswith(b"http/1.1 200"), answer
        if b"content-length:" in answer:
            length = int(answer.partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        else:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        return time.perf_counter() - began

    return approve


async def drain(
    clients: Sequence[Approve], work: list[tuple[uuid.UUID, uuid.UUID]]
) -> tuple[float, list[float]]:
    """Approvals a second, and how long each took; each client takes the next when it is free."""
    times: list[float] = []
    left = list(work)

    async def run(approve: Approve) -> None:
        while left:
            times.append(await approve(*left.pop()))

    began = time.perf_counter()
    await asyncio.gather(*(run(approve) for approve in clients))
    return len(work) / (time.perf_counter() - began), times


async def approving(env: dict[str, str]) -> list[str]:
    async with contextlib.AsyncExitStack() as stack:
        admin_url = make_conninfo(env["DATABASE_URL"], user="supabase_admin")
        admin = await stack.enter_async_context(
            await AsyncConnection.connect(admin_url, autocommit=True)
        )
        everybody = await people(admin, CLIENTS + 2)
        student, busy_mentor, *mentors = everybody
        tokens = {person: token(env, str(person)) for person in everybody}
        where = urlsplit(env["SUPABASE_URL"])
        direct: list[Approve] = []
        for _ in range(CLIENTS):
            conn = await stack.enter_async_context(
                await AsyncConnection.connect(env["DATABASE_URL"], autocommit=True)
            )
            direct.append(directly(conn))

        async def connected(count: int) -> list[Approve]:
            # anew each time: a server closes connections that wait for long
            made = []
            for _ in range(count):
                streams = await asyncio.open_connection(where.hostname, where.port)
                stack.callback(streams[1].close)
                made.append(over_http(env, tokens, streams))
            return made

        # students differ too, or they would wait for each other rather than the mentors
        students = await people(admin, CLIENTS)
        rates: dict[str, list[float]] = {"direct": [], "http": []}
        for _ in range(3):
            for name in rates:
                work = []
                for mentor, own_student in zip(mentors, students, strict=True):
                    work += await requests(admin, [mentor], own_student, APPROVALS // CLIENTS // 3)
                work.sort()  # by id, which is random: neighbours are different mentors
                clients = direct if name == "direct" else await connected(CLIENTS)
                rate, _times = await drain(clients, work)
                rates[name].append(rate)
        work = await requests(admin, [busy_mentor], student, 400)
        rate, times = await drain(await connected(20), work)
        direct_rate, http_rate = (statistics.median(one) for one in rates.values())
        slow, usual = (percentile(times, part) * 1000 for part in (0.99, 0.5))
        through = f"{CLIENTS} on {CLIENTS} mentors"
        ratio = f"{http_rate / direct_rate:.2f} (at least 0.5)"
        alone = f"{rate:.0f} a second, p50 {usual:.0f} ms, p99 {slow:.0f} ms (at most 250 ms)"
        return [
            "| approving through | clients | a second | ratio |",
            "|---|---|---|---|",
            f"| a direct connection | {through} | {direct_rate:.0f} | 1 |",
            f"| gateway and PostgREST | {through} | {http_rate:.0f} | {ratio} |",
            "",
            f"20 clients on one mentor through PostgREST: {alone}.",
            "",
        ]
