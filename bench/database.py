"""Approving under load, and lists that stay quick when the tables grow a hundredfold."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import LiteralString
from urllib.parse import urlsplit

from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from bench.realtime import own_stack, token
from local.database import bootstrap, create_database
from local.migrate import migrate

TITLE = "Database: approving, and lists at a million sessions"

CLIENTS = 16
APPROVALS = int(os.environ.get("BENCH_APPROVALS", "640"))
SMALL, LARGE = 10_000, int(os.environ.get("BENCH_ROWS", "1000000"))
MENTORS, STUDENTS = 1000, 10_000
PENDING = UPCOMING = 4  # of each mentor, at either size: only the history grows
READS = 300

Approve = Callable[[uuid.UUID, uuid.UUID], Awaitable[float]]


def percentile(times: Sequence[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


# ------------------------------------------------------------------------------------- approving
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


# ----------------------------------------------------------------------------------------- lists
FILL: LiteralString = """
    insert into auth.users (id, email)
        select md5('person ' || n)::uuid, 'p' || n || '@example.test'
            from generate_series(1, %(people)s) as n;
    insert into public.profiles (id, name, is_mentor)
        select md5('person ' || n)::uuid, 'Person ' || n, n <= %(mentors)s
            from generate_series(1, %(people)s) as n;
    insert into public.subjects (id, name) values (md5('subject')::uuid, 'Bench');
    create temporary table kinds as
        select n, case when n <= %(pending)s then 'pending' when n <= %(active)s then 'scheduled'
                else 'completed' end as status,
                md5('person ' || n %% %(mentors)s + 1)::uuid as mentor_id,
                md5('person ' || %(mentors)s + 1 + n * 7919 %% %(students)s)::uuid as student_id,
                date_trunc('hour', now()) + case
                    when n <= %(active)s then make_interval(hours => (n / %(mentors)s + 1)::integer)
                    else make_interval(hours => -(n / %(mentors)s + 2)::integer) end as starts
            from generate_series(1::bigint, %(rows)s) as n;
    insert into public.session_requests (id, student_id, mentor_id, subject_id, title,
            requested_time, duration, end_time, status, expires_at, video_room_id, responded_at)
        select md5('request ' || n)::uuid, student_id, mentor_id, md5('subject')::uuid, 'Bench',
                starts, 60, starts + interval '1 hour',
                case status when 'pending' then 'pending' else 'approved' end, starts,
                case status when 'pending' then null
                    else 'room-' || lpad(to_hex(n), 8, '0') end,
                case status when 'pending' then null else starts - interval '1 day' end
            from kinds;
    insert into public.sessions (id, request_id, mentor_id, student_id, subject_id, title,
            scheduled_time, duration, end_time, status, video_room_id, mentor_approved, created_by)
        select md5('session ' || n)::uuid, md5('request ' || n)::uuid, mentor_id, student_id,
                md5('subject')::uuid, 'Bench', starts, 60, starts + interval '1 hour', status,
                'room-' || lpad(to_hex(n), 8, '0'), true, mentor_id
            from kinds where status <> 'pending';
"""
UPCOMING_LIST: LiteralString = """
    select id, title, scheduled_time, end_time, duration, status, video_room_id, mentor_id,
            student_id
        from public.sessions
        where status = any ('{scheduled,ongoing}') and end_time > now()
        order by scheduled_time limit 50
"""
PENDING_LIST: LiteralString = """
    select id, title, description, requested_time, duration, student_id, created_at
        from public.session_requests
        where status = 'pending' order by requested_time limit 50
"""


async def filled(server: str, rows: int) -> str:
    """A database with so many requests and sessions, written in one go past the triggers."""
    name = f"bench_{rows}"
    admin = make_conninfo(server, dbname="template1", user="supabase_admin")
    async with await AsyncConnection.connect(admin, autocommit=True) as conn:
        await create_database(conn, name)
    made = make_conninfo(server, dbname=name, user="supabase_admin")
    await bootstrap(made)
    await migrate(make_conninfo(server, dbname=name))
    values = {
        "people": MENTORS + STUDENTS,
        "mentors": MENTORS,
        "students": STUDENTS,
        "pending": MENTORS * PENDING,
        "active": MENTORS * (PENDING + UPCOMING),
        "rows": rows,
    }
    async with await AsyncConnection.connect(made, autocommit=True) as conn:
        await conn.execute("set session_replication_role = replica")
        await conn.execute("set maintenance_work_mem = '256MB'")
        await conn.execute("set work_mem = '128MB'")
        for statement in FILL.split(";\n"):
            if statement.strip():
                literals = {key: sql.Literal(value) for key, value in values.items()}
                text = statement.replace("%(", "{").replace(")s", "}").replace("%%", "%")
                await conn.execute(sql.SQL(text).format(**literals))
        await conn.execute("vacuum analyze")
    return make_conninfo(server, dbname=name)


async def read_times(conninfo: str, query: LiteralString) -> list[float]:
    """How long the list takes in the database: each time for another mentor, with his rights."""
    times = []
    async with await AsyncConnection.connect(conninfo) as conn:
        for number in range(READS + 20):
            await conn.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims',"
                " json_build_object('sub', md5('person ' || %s::text)::uuid)::text, true)",
                (number * 37 % MENTORS + 1,),
            )
            began = time.perf_counter()
            rows = await (await conn.execute(query)).fetchall()
            times.append(time.perf_counter() - began)
            assert len(rows) == 4, len(rows)
            await conn.rollback()
    return times[20:]


async def index_size(conninfo: str, names: Sequence[str]) -> str:
    async with await AsyncConnection.connect(conninfo) as conn:
        cursor = await conn.execute(
            "select coalesce(sum(pg_relation_size(format('public.%%I', name)::regclass)), 0)"
            " from unnest(%s::text[]) as name",
            (list(names),),
        )
        row = await cursor.fetchone()
    assert row is not None
    return f"{int(row[0]) // 1024} KB"


async def lists(env: dict[str, str]) -> list[str]:
    began = time.perf_counter()
    small = await filled(env["DATABASE_URL"], SMALL)
    large = await filled(env["DATABASE_URL"], LARGE)
    filling = time.perf_counter() - began
    lines = [
        f"| a mentor's list, p50 / p95 in ms | at {SMALL:,} | at {LARGE:,} | growth | indexes |",
        "|---|---|---|---|---|",
    ]
    shown: tuple[tuple[str, LiteralString, list[str]], ...] = (
        ("upcoming", UPCOMING_LIST, ["sessions_mentor_upcoming", "sessions_student_upcoming"]),
        (
            "pending",
            PENDING_LIST,
            ["session_requests_mentor_pending", "session_requests_student_pending"],
        ),
    )
    for name, query, indexes in shown:
        here: list[float] = []
        there: list[float] = []
        for _ in range(3):
            here += await read_times(small, query)
            there += await read_times(large, query)
        (one, one_slow), (other, other_slow) = (
            (percentile(times, 0.5) * 1000, percentile(times, 0.95) * 1000)
            for times in (here, there)
        )
        growth = f"{other / one:.2f} / {other_slow / one_slow:.2f} (at most 1.3)"
        sizes = f"{await index_size(small, indexes)}, {await index_size(large, indexes)}"
        lines.append(
            f"| {name} | {one:.2f} / {one_slow:.2f} | {other:.2f} / {other_slow:.2f} (at most 5)"
            f" | {growth} | {sizes} |"
        )
    return [*lines, "", f"Both databases were filled in {filling:.0f} s, set-based."]


def run() -> list[str]:
    """Lines of Markdown."""
    with own_stack() as env:
        return [*asyncio.run(approving(env)), *asyncio.run(lists(env))]
