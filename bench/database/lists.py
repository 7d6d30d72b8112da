"""Lists that stay quick when the tables grow a hundredfold."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import LiteralString

from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from bench.database.times import percentile
from local.database import bootstrap, create_database
from local.migrate import migrate

SMALL, LARGE = 10_000, int(os.environ.get("BENCH_ROWS", "1000000"))
MENTORS, STUDENTS = 1000, 10_000
PENDING = UPCOMING = 4  # of each mentor, at either size: only the history grows
READS = 300


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
