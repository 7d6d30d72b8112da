"""What the database refuses, offers and accepts, minute by minute, against the oracle."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.types.multirange import Multirange

from tests.database.crowd import code_of
from tests.free_time.oracle import SPAN, Schedule, moment, verdicts
from tests.free_time.schedules import schedules
from tests.support.campaign import size
from tests.support.database import TestDatabase

CODES = {
    "notice": "too_soon",
    "window": "too_far_ahead",
    "closed": "outside_hours",
    "booked": "slot_taken",
    "yours": "slot_taken",
    "cap": "cap_reached",
}
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
# Real time goes on while the campaign runs, and a limit that moves goes with it: starts that it has
# passed since, or passes within this time, are left out.
BLUR = timedelta(minutes=1)
# The campaign in parts, each with examples of its own, so that more than one can run at a time.
PARTS = 2


@dataclass(frozen=True)
class People:
    """Who takes part; the other two make the mentor and the student busy."""

    student: uuid.UUID
    mentor: uuid.UUID
    other_student: uuid.UUID
    other_mentor: uuid.UUID
    subject: uuid.UUID


def make_people(conn: Connection) -> People:
    people = People(*(uuid.uuid4() for _ in range(5)))
    conn.execute(
        """
        insert into auth.users (id, email, raw_user_meta_data)
            select id, id::text || '@example.test', '{"name": "Pat", "is_mentor": true}'
                from unnest(%s::uuid[]) as id
        """,
        ([people.student, people.mentor, people.other_student, people.other_mentor],),
    )
    conn.execute("insert into public.subjects (id, name) values (%s, 'Oracle')", (people.subject,))
    return people


def arrange(conn: Connection, people: People, plan: Schedule) -> None:
    """Write a schedule down: buffers, then sessions under them, then the limits."""
    conn.execute(
        """
        insert into public.booking_terms
                (mentor_id, time_zone, buffer_before_minutes, buffer_after_minutes, step_minutes)
            values (%s, %s, %s, %s, 1)
        """,
        (people.mentor, plan.zone, plan.before, plan.after),
    )
    for mentor, student, booked in (
        (people.mentor, people.other_student, plan.booked),
        (people.other_mentor, people.student, plan.yours),
    ):
        conn.execute(
            """
            insert into public.sessions (mentor_id, student_id, title, scheduled_time, duration)
                select %s, %s, 'Busy', s.at, s.minutes
                    from unnest(%s::timestamptz[], %s::integer[]) as s (at, minutes)
            """,
            (
                mentor,
                student,
                [moment(plan, session.start) for session in booked],
                [session.minutes for session in booked],
            ),
        )
    conn.execute(
        """
        insert into public.availability_rules
                (mentor_id, weekday, start_time, end_time, valid_from, valid_until)
            select %s, r.weekday, make_interval(mins => r.opens)::time,
                    make_time(r.closes / 60, r.closes %% 60, 0), r.first, r.last
                from unnest(%s::integer[], %s::integer[], %s::integer[], %s::date[], %s::date[])
                    as r (weekday, opens, closes, first, last)
        """,
        (
            people.mentor,
            [rule.weekday for rule in plan.hours],
            [rule.opens for rule in plan.hours],
            [rule.closes for rule in plan.hours],
            [rule.valid_from for rule in plan.hours],
            [rule.valid_until for rule in plan.hours],
        ),
    )
    conn.execute(
        """
        insert into public.availability_overrides (mentor_id, on_date, start_time, end_time)
            select %s, o.day, make_interval(mins => o.opens)::time,
                    make_time(o.closes / 60, o.closes %% 60, 0)
                from unnest(%s::date[], %s::integer[], %s::integer[]) as o (day, opens, closes)
        """,
        (
            people.mentor,
            [override.on_date for override in plan.overrides],
            [override.opens for override in plan.overrides],
            [override.closes for override in plan.overrides],
        ),
    )
    conn.execute(
        """
        update public.booking_terms
            set minimum_notice_minutes = %s, window_days = %s,
                max_sessions_per_day = %s, max_sessions_per_week = %s, max_sessions_per_month = %s,
                max_minutes_per_day = %s, max_minutes_per_week = %s, max_minutes_per_month = %s
            where mentor_id = %s
        """,
        (
            plan.notice, plan.window_days, *plan.caps.sessions, *plan.caps.minutes, people.mentor,
        ),
    )  # fmt: skip


def refused_minutes(plan: Schedule, starts: Multirange[datetime]) -> Iterator[int]:
    """The minutes of the span that lie in a multirange, its bounds taken exactly."""
    for stretch in starts:
        first = 0 if stretch.lower is None else ceil_minute(plan, stretch.lower, stretch.lower_inc)
        last = (
            SPAN
            if stretch.upper is None
            else ceil_minute(plan, stretch.upper, not stretch.upper_inc)
        )
        yield from range(max(first, 0), min(last, SPAN))


def ceil_minute(plan: Schedule, instant: datetime, included: bool) -> int:
    """The first minute at the instant or, when it is not `included`, after it."""
    whole, rest = divmod(instant - plan.origin, timedelta(minutes=1))
    return whole if included and not rest else whole + 1


def database_verdicts(conn: Connection, people: People, plan: Schedule) -> list[set[str]]:
    judged: list[set[str]] = [set() for _ in range(SPAN)]
    rows = conn.execute(
        "select reason, starts from private.refused_starts(array[%s]::uuid[], %s, %s, %s, %s, %s)",
        (people.mentor, plan.duration, plan.origin, moment(plan, SPAN), plan.clock, people.student),
    )
    for reason, starts in rows.fetchall():
        for minute in refused_minutes(plan, starts):
            judged[minute].add(reason)
    return judged


@contextmanager
def undone(conn: Connection) -> Iterator[None]:
    """Whatever happens inside leaves no trace."""
    with conn.transaction(force_rollback=True):
        yield


def answer(conn: Connection, people: People, plan: Schedule, minute: int) -> str:
    """What the student is told who requests a session at that minute: ok, or a code."""
    claims = json.dumps({"sub": str(people.student), "role": "authenticated"})
    try:
        with undone(conn):
            conn.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims', %s, true)",
                (claims,),
            )
            conn.execute(
                "select public.request_session(%s, %s, 'Oracle', %s, %s)",
                (people.mentor, people.subject, moment(plan, minute), plan.duration),
            )
    except psycopg.Error as refusal:
        return code_of(refusal)
    return "ok"


def judge(conn: Connection, people: People, plan: Schedule, tried: list[int]) -> None:
    expected = verdicts(plan)
    assert database_verdicts(conn, people, plan) == expected

    free = [moment(plan, minute) for minute in range(SPAN) if not expected[minute]]
    offered = conn.execute(
        "select starts_at from private.slots(array[%s]::uuid[], %s, %s, %s, %s, %s) order by 1",
        (people.mentor, plan.duration, plan.origin, moment(plan, SPAN), plan.clock, people.student),
    )
    assert [row[0] for row in offered.fetchall()] == free

    moving = [plan.clock + timedelta(minutes=plan.notice)]
    if plan.window_days is not None:
        moving.append(plan.clock + timedelta(days=plan.window_days))
    for minute in tried:
        passed = datetime.now(UTC) - plan.clock + BLUR
        if any(limit <= moment(plan, minute) <= limit + passed for limit in moving):
            continue
        first = next((code for rule, code in CODES.items() if rule in expected[minute]), "ok")
        assert answer(conn, people, plan, minute) == first


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_offered_is_accepted_and_each_refused_minute_names_its_rules(
    part: int, database: TestDatabase
) -> None:
    with psycopg.connect(database.admin_conninfo, autocommit=True) as conn:
        people = make_people(conn)

        @settings(
            max_examples=size(50, 10_000) // PARTS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(
            plan=schedules(NOW),
            tried=st.lists(st.integers(0, SPAN - 1), min_size=2, max_size=4),
        )
        def campaign(plan: Schedule, tried: list[int]) -> None:
            with undone(conn):
                arrange(conn, people, plan)
                judge(conn, people, plan, tried)

        campaign()
