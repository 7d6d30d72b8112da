"""Caps, buffers, notice and holds hold when time is given away, on every path, also at once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import LiteralString

import pytest

from tests.database.crowd import APPROVE, all_at_once, attempt, crowd
from tests.free_time.scene import Scene, at, scene
from tests.support.database import TestDatabase, new_user

REQUEST: LiteralString = "select * from public.request_session(%s, %s, 'A talk', %s, 30)"
INSERT_SESSION: LiteralString = """
    insert into public.sessions (mentor_id, student_id, title, scheduled_time, duration)
        values (%s, %s, 'By hand', %s, 60)
"""


async def asked_by_many(stage: Scene, times: list[datetime]) -> list[uuid.UUID]:
    """One pending request at each time, each by a student of its own."""
    asked = []
    for number, when in enumerate(times):
        student = await new_user(stage.admin.conn, f"Student {number}")
        row = await stage.admin.one(
            """
            insert into public.session_requests
                    (student_id, mentor_id, subject_id, title, requested_time, duration)
                values (%s, %s, %s, 'Capped', %s, 30) returning id
            """,
            student,
            stage.mentor.id,
            stage.subject,
            when,
        )
        asked.append(row["id"])
    return asked


async def test_of_twenty_slots_approved_at_once_a_cap_of_three_lets_three_through(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 20) as clients:
        times = [at(5, 0) + timedelta(minutes=40 * n) for n in range(20)]
        asked = await asked_by_many(stage, times)
        await stage.set_terms(time_zone="UTC", max_sessions_per_day=3)
        answers = await all_at_once(
            [
                partial(attempt, client, stage.mentor.id, APPROVE, (request_id,))
                for client, request_id in zip(clients, asked, strict=True)
            ]
        )
        assert sorted(answers) == ["cap_reached"] * 17 + ["ok"] * 3


@pytest.mark.parametrize(
    ("terms", "allowed"),
    [
        ({"max_sessions_per_week": 2}, 2),
        ({"max_sessions_per_month": 1}, 1),
        ({"max_minutes_per_day": 90}, 3),
        ({"max_minutes_per_week": 60}, 2),
        ({"max_minutes_per_month": 30}, 1),
    ],
)
async def test_a_cap_in_count_or_minutes_holds_for_its_period(
    database: TestDatabase, terms: dict[str, object], allowed: int
) -> None:
    async with scene(database) as stage:
        times = [at(5, 0) + timedelta(minutes=40 * n) for n in range(5)]
        asked = await asked_by_many(stage, times)
        await stage.set_terms(time_zone="UTC", **terms)
        answers = [
            await attempt(stage.admin.conn, stage.mentor.id, APPROVE, (request_id,))
            for request_id in asked
        ]
        assert answers == ["ok"] * allowed + ["cap_reached"] * (5 - allowed)


@pytest.mark.parametrize("zone", ["Pacific/Apia", "UTC", "Pacific/Honolulu"])
async def test_a_day_is_the_mentors_day_wherever_the_student_is(
    database: TestDatabase, zone: str
) -> None:
    async with scene(database) as stage:
        await stage.admin.rows(
            "update public.profiles set time_zone = %s where id = %s", zone, stage.student.id
        )
        # 22:00 and 23:00 of one day and 00:00 of the next, in the mentor's zone
        evening = await stage.admin.one(
            "select private.instant_of(current_date + 5 + time '22:00', 'Asia/Tokyo') as at"
        )
        await stage.set_terms(time_zone="Asia/Tokyo", max_sessions_per_day=1)
        await stage.book(evening["at"])
        hour = timedelta(hours=1)
        same_day = await stage.student.refused(
            REQUEST, stage.mentor.id, stage.subject, evening["at"] + hour
        )
        assert same_day == "cap_reached"
        await stage.book(evening["at"] + 2 * hour)


async def test_a_buffer_is_refused_also_on_a_direct_insert(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.set_terms(buffer_before_minutes=5, buffer_after_minutes=10)
        await stage.book(at(5, 10))
        for minutes, expected in ((60, "slot_taken"), (74, "slot_taken"), (-74, "slot_taken")):
            when = at(5, 10) + timedelta(minutes=minutes)
            other = await new_user(stage.admin.conn, "Other")
            refused = await stage.admin.refused(INSERT_SESSION, stage.mentor.id, other, when)
            assert refused == expected, minutes
        for minutes in (75, -75):
            other = await new_user(stage.admin.conn, "Other")
            when = at(5, 10) + timedelta(minutes=minutes)
            await stage.admin.rows(INSERT_SESSION, stage.mentor.id, other, when)


async def test_a_buffer_is_the_mentors_and_does_not_keep_the_student_busy(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        await stage.set_terms(buffer_before_minutes=30, buffer_after_minutes=30)
        await stage.book(at(5, 10))
        another = await stage.student.one(REQUEST, stage.stranger.id, stage.subject, at(5, 11))
        await stage.stranger.rows("select public.approve_request(%s)", another["id"])


async def test_outside_hours_too_soon_and_too_far_are_told_apart(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.open_all_week("UTC", minimum_notice_minutes=2 * 1440, window_days=10)
        ask = (stage.mentor.id, stage.subject)
        assert await stage.student.refused(REQUEST, *ask, at(1, 10)) == "too_soon"
        assert await stage.student.refused(REQUEST, *ask, at(20, 10)) == "too_far_ahead"
        assert await stage.student.refused(REQUEST, *ask, at(5, 8)) == "outside_hours"
        assert await stage.student.refused(REQUEST, *ask, at(5, 16, 45)) == "outside_hours"
        await stage.student.one(REQUEST, *ask, at(5, 16, 30))


async def test_what_was_asked_in_time_can_be_approved_after_hours_have_changed(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        asked = await stage.request(at(5, 20))
        await stage.open_all_week("UTC", minimum_notice_minutes=30 * 1440)
        session = await stage.mentor.one("select * from public.approve_request(%s)", asked["id"])
        assert session["scheduled_time"] == at(5, 20)


async def test_a_pending_request_holds_its_time_until_it_lapses(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.set_terms(pending_policy="hold", hold_minutes=30)
        held = await stage.request(at(5, 10))
        assert held["expires_at"] - held["created_at"] == timedelta(minutes=30)
        ask = (REQUEST, stage.mentor.id, stage.subject, at(5, 10, 30))
        assert await stage.stranger.refused(*ask) == "slot_taken"
        # the clock moves on, which only a superuser can pretend: nobody has swept the hold up
        await stage.admin.rows("set session_replication_role = replica")
        await stage.admin.rows(
            """
            update public.session_requests
                set expires_at = created_at - interval '1 second' where id = %s
            """,
            held["id"],
        )
        await stage.admin.rows("reset session_replication_role")
        taken = await stage.stranger.one(*ask)
        assert await stage.mentor.refused(APPROVE, held["id"]) == "request_lapsed"
        await stage.mentor.one(APPROVE, taken["id"])


async def test_a_hold_ends_with_its_request(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.set_terms(pending_policy="hold")
        held = await stage.request(at(5, 10))
        await stage.student.rows("select public.withdraw_request(%s)", held["id"])
        again = await stage.request(at(5, 10), by=stage.stranger)
        await stage.mentor.one(APPROVE, again["id"])
        left = await stage.admin.rows(
            "select * from private.busy_times where request_id is not null"
        )
        assert left == []


async def test_of_many_who_ask_for_a_held_hour_at_once_one_gets_it(database: TestDatabase) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 12) as clients:
        await stage.set_terms(pending_policy="hold")
        students = [await new_user(stage.admin.conn, f"Student {n}") for n in range(12)]
        answers = await all_at_once(
            [
                partial(
                    attempt, client, student, REQUEST,
                    (stage.mentor.id, stage.subject, at(5, 10) + timedelta(minutes=5 * (n % 3))),
                )
                for n, (client, student) in enumerate(zip(clients, students, strict=True))
            ]
        )  # fmt: skip
        assert sorted(answers) == ["ok"] + ["slot_taken"] * 11
