"""Free time at a million sessions: slots of one, of many, the best of a thousand mentors."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from bench.realtime import own_stack

TITLE = "Free time: slots at a million sessions"

MENTORS = 2000
SMALL, LARGE = 50, int(os.environ.get("BENCH_SESSIONS_PER_MENTOR", "500"))
MEASURED = 40
LIMITS = {"one mentor x 31 days": 10.0, "200 mentors x 14 days": 50.0, "earliest of 1,000": 150.0}

PERSON: LiteralString = "('00000000-0000-4000-8000-' || lpad((%s)::text, 12, '0'))::uuid"


def mentor(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def people(conn: Connection) -> None:
    """Two thousand mentors in six zones, with hours and terms, and as many students."""
    conn.execute("insert into public.subjects (name) values ('Bench')")
    for statement in (
        """
        insert into auth.users (id, email, raw_user_meta_data)
            select {person}, n || '@bench.test', '{{}}' from generate_series(1, 4000) as n
        """,
        """
        insert into public.profiles (id, name, is_mentor, time_zone, rating)
            select {person}, 'Person ' || n, n <= 2000, (array[
                    'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC',
                    'Australia/Lord_Howe', 'Africa/Casablanca'
                ])[n % 6 + 1], 1 + n % 5
                from generate_series(1, 4000) as n
        """,
        """
        insert into public.mentor_subjects (mentor_id, subject_id)
            select {person}, (select id from public.subjects where name = 'Bench')
                from generate_series(1, 1000) as n
        """,
        """
        insert into public.availability_rules (mentor_id, weekday, start_time, end_time)
            select {person}, weekday, h.opens, h.closes
                from generate_series(1, 2000) as n, generate_series(1, 5) as weekday,
                    (values (time '09:00', time '12:00'), (time '13:00', time '17:30'))
                        as h (opens, closes)
        """,
        """
        insert into public.booking_terms (
                mentor_id, time_zone, buffer_before_minutes, buffer_after_minutes,
                minimum_notice_minutes, window_days, max_sessions_per_day
            )
            select id, time_zone, 5, 5, 120, 90, 4 from public.profiles where is_mentor
                and name like 'Person %'
        """,
    ):
        conn.execute(statement.format(person=PERSON % "n").encode())


def sessions(conn: Connection, first: int, count: int) -> None:
    """More sessions for every mentor, one every 30 hours, from now outwards to both sides."""
    conn.execute(
        f"""
        insert into public.sessions (
                mentor_id, student_id, title, scheduled_time, duration, end_time, status,
                buffer_before, buffer_after
            )
            select {PERSON % "m"}, {PERSON % "2001 + m %% 2000"}, 'Bench', t.at, 60,
                    t.at + interval '1 hour',
                    case when t.at > now() then 'scheduled' else 'completed' end, 5, 5
                from generate_series(1, {MENTORS}) as m
                cross join generate_series(%s::integer, %s::integer) as k
                cross join lateral (
                    select date_trunc('hour', now())
                        + make_interval(hours => (k + 1) / 2 * (k %% 2 * 2 - 1) * 30 + m %% 17)
                        as at
                ) as t
        """.encode(),
        (first, first + count - 1),
    )
    conn.execute(
        """
        insert into private.busy_times (person_id, busy, session_id)
            select taken.* from public.sessions as s
                cross join lateral (values
                    (s.mentor_id, tstzrange(
                        s.scheduled_time - interval '5 min', s.end_time + interval '5 min'
                    ), s.id),
                    (s.student_id, tstzrange(s.scheduled_time, s.end_time), s.id)
                ) as taken (person_id, busy, session_id)
                where s.status = 'scheduled'
                    and not exists (select from private.busy_times as b where b.session_id = s.id)
        """
    )


def in_python(conn: Connection, mentors: Sequence[str], days: int) -> list[tuple[str, datetime]]:
    """What an application does that keeps hours and sessions in tables: read all, then look.

    Simpler than the database's rule: no caps, no buffers, no clock changes inside a day.
    """
    now = datetime.now(UTC)
    until = now + timedelta(days=days)
    found = []
    for one in mentors:
        (zone,) = conn.execute(
            "select time_zone from public.booking_terms where mentor_id = %s", (one,)
        ).fetchone() or ("UTC",)
        rules = conn.execute(
            "select weekday, start_time, end_time from public.availability_rules"
            " where mentor_id = %s",
            (one,),
        ).fetchall()
        busy = conn.execute(
            "select scheduled_time, end_time from public.sessions where mentor_id = %s"
            " and status in ('scheduled', 'ongoing') and end_time > %s and scheduled_time < %s",
            (one, now, until),
        ).fetchall()
        here = ZoneInfo(zone)
        for day in range(days + 1):
            date = (now + timedelta(days=day)).astimezone(here).date()
            for weekday, opens, closes in rules:
                if date.isoweekday() != weekday:
                    continue
                start = datetime.combine(date, opens, here).astimezone(UTC)
                end = datetime.combine(date, closes, here).astimezone(UTC)
                while start + timedelta(hours=1) <= end:
                    after = start + timedelta(hours=1)
                    if start > now and not any(b < after and start < e for b, e in busy):
                        found.append((one, start))
                    start += timedelta(minutes=30)
    return found


def p95(work: Callable[[], Any], times: int = MEASURED) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds; the first runs make the plans."""
    took = []
    for _ in range(times + 6):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    kept = sorted(took[6:])
    return statistics.median(kept), kept[int(len(kept) * 0.95)]


def questions(conn: Connection) -> dict[str, Callable[[], Any]]:
    """The three questions of the table, asked as the SDK's functions ask them."""
    row = conn.execute("select id from public.subjects where name = 'Bench'").fetchone()
    assert row is not None
    many = [mentor(n) for n in range(1, 201)]

    def ask(statement: LiteralString, *params: object) -> Callable[[], Any]:
        return lambda: conn.execute(statement, params).fetchall()

    return {
        "one mentor x 31 days": ask(
            "select * from public.available_slots(%s, now(), now() + interval '31 days', 60)",
            mentor(5),
        ),
        "200 mentors x 14 days": ask(
            "select mentor_id, count(*) from private.slots("
            "%s::uuid[], 60, now(), now() + interval '14 days', now()) group by 1",
            many,
        ),
        "earliest of 1,000": ask(
            "select * from public.suggest_slots("
            "%s, 60, now(), now() + interval '14 days', best => 'earliest')",
            row[0],
        ),
    }


def run() -> list[str]:
    with own_stack() as env:
        url = make_conninfo(env["DATABASE_URL"], user="supabase_admin")
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("set session_replication_role = replica")
            people(conn)
            sessions(conn, 0, SMALL)
            conn.execute("vacuum (analyze)")
            conn.execute(
                "select set_config('request.jwt.claims', %s, false)",
                (f'{{"sub": "{mentor(2500)}", "role": "authenticated"}}',),
            )
            small = {name: p95(ask) for name, ask in questions(conn).items()}
            sessions(conn, SMALL, LARGE - SMALL)
            conn.execute("vacuum (analyze)")
            large = {name: p95(ask) for name, ask in questions(conn).items()}
            python = {
                "one mentor x 31 days": p95(lambda: in_python(conn, [mentor(5)], 31), 10),
                "200 mentors x 14 days": p95(
                    lambda: in_python(conn, [mentor(n) for n in range(1, 201)], 14), 3
                ),
            }
    lines = [
        (
            f"{MENTORS:,} mentors with hours, buffers, notice, window and a daily cap; in the "
            f"database, {MEASURED} calls each, milliseconds. "
            "Ten times the sessions reach ten times as far."
        ),
        "",
        (
            f"| question | {MENTORS * SMALL:,} sessions p50 / p95 | {MENTORS * LARGE:,} p50 / p95 "
            "| growth (p50) | goal (p95) | the same in Python, p50 | ratio |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for name, limit in LIMITS.items():
        beside = f"{python[name][0]:.1f}" if name in python else "-"
        ratio = f"{python[name][0] / large[name][0]:.1f}x" if name in python else "-"
        lines.append(
            f"| {name} | {small[name][0]:.1f} / {small[name][1]:.1f} "
            f"| {large[name][0]:.1f} / {large[name][1]:.1f} "
            f"| {large[name][0] / small[name][0]:.2f} | {limit:.0f} | {beside} | {ratio} |"
        )
    lines += [
        "",
        (
            "The Python beside it is the usual application-side way on the same data: read hours "
            "and sessions of each mentor, then try every half hour; no caps, buffers or notice."
        ),
    ]
    return lines
