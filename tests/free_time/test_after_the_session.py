"""Ratings roll up into profiles, also at once; notes are written by the right person in time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import LiteralString

import pytest

from tests.database.crowd import all_at_once, attempt, crowd
from tests.free_time.scene import Scene, at, scene
from tests.support.database import TestDatabase, new_user

RATE: LiteralString = "select * from public.rate_session(%s, %s, %s)"
NOTES: LiteralString = """
    select * from public.write_session_notes(
        %s, pre_session_notes => %s, post_session_notes => %s
    )
"""


async def taught(stage: Scene, student: uuid.UUID | None = None, days_ago: int = 1) -> uuid.UUID:
    """A session that took place."""
    row = await stage.admin.one(
        """
        insert into public.sessions
                (mentor_id, student_id, title, scheduled_time, duration, status)
            values (%s, %s, 'Taught', %s, 60, 'ongoing') returning id
        """,
        stage.mentor.id,
        student or stage.student.id,
        at(-days_ago, 1),
    )
    session_id: uuid.UUID = row["id"]
    await stage.admin.rows(
        "update public.sessions set status = 'completed' where id = %s", session_id
    )
    return session_id


async def profile(stage: Scene) -> tuple[object, object, object]:
    row = await stage.admin.one(
        "select rating, rating_count, total_sessions_taught from public.profiles where id = %s",
        stage.mentor.id,
    )
    return row["rating"], row["rating_count"], row["total_sessions_taught"]


async def test_both_rate_once_and_the_profiles_show_it(database: TestDatabase) -> None:
    async with scene(database) as stage:
        _, _, before = await profile(stage)
        session = await taught(stage)
        given = await stage.student.one(RATE, session, 5, "Clear")
        assert given["rated_id"] == stage.mentor.id
        await stage.mentor.one(RATE, session, 4, None)
        assert await stage.student.refused(RATE, session, 1, None) == "already_rated"
        rating, count, total = await profile(stage)
        assert (float(str(rating)), count, total) == (5.0, 1, int(str(before)) + 1)
        history = await stage.student.one(
            """
            select s.title, r.rating from public.sessions as s
                join public.session_ratings as r on r.session_id = s.id and r.rater_id = %s
                where s.status = 'completed'
            """,
            stage.student.id,
        )
        assert history == {"title": "Taught", "rating": 5}
        assert await stage.stranger.rows("select * from public.session_ratings") == []


@pytest.mark.parametrize(
    ("rating", "days_ago", "code"),
    [(6, 1, "bad_rating"), (0, 1, "bad_rating"), (5, 30, "rating_closed")],
)
async def test_what_is_no_rating_is_refused(
    database: TestDatabase, rating: int, days_ago: int, code: str
) -> None:
    async with scene(database) as stage:
        session = await taught(stage, days_ago=days_ago)
        assert await stage.student.refused(RATE, session, rating, None) == code


async def test_only_its_people_rate_and_only_what_took_place(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await taught(stage)
        assert await stage.stranger.refused(RATE, session, 5, None) == "not_found"
        coming = await stage.book(at(5, 10))
        assert await stage.student.refused(RATE, coming["id"], 5, None) == "not_rateable"
        plain = (
            "insert into public.session_ratings (session_id, rater_id, rating) values (%s, %s, 1)"
        )
        for other in (stage.mentor.id, stage.stranger.id):
            assert await stage.student.refused(plain, session, other) == "42501"


async def test_twenty_ratings_at_once_are_all_in_the_average(database: TestDatabase) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 20) as clients:
        calls = []
        for number, client in enumerate(clients):
            student = await new_user(stage.admin.conn, f"Student {number}")
            session = await taught(stage, student, days_ago=1 + number % 10)
            calls.append(partial(attempt, client, student, RATE, (session, number % 5 + 1, None)))
        assert await all_at_once(calls) == ["ok"] * 20
        rating, count, total = await profile(stage)
        assert (float(str(rating)), count, total) == (3.0, 20, 23)


async def test_sessions_completed_at_once_are_all_counted(database: TestDatabase) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 10) as clients:
        ids = []
        for number in range(10):
            row = await stage.admin.one(
                """
                insert into public.sessions
                        (mentor_id, student_id, title, scheduled_time, duration, status)
                    values (%s, %s, 'Ended', %s, 30, 'ongoing') returning id
                """,
                stage.mentor.id,
                stage.student.id,
                at(-1, 1) + timedelta(minutes=40 * number),
            )
            ids.append(row["id"])
        done = "update public.sessions set status = 'completed' where id = %s"
        answers = await all_at_once(
            [partial(attempt, c, None, done, (i,)) for c, i in zip(clients, ids, strict=True)]
        )
        assert answers == ["ok"] * 10
        assert (await profile(stage))[2] == 13


async def test_the_student_writes_before_and_the_mentor_after(database: TestDatabase) -> None:
    async with scene(database) as stage:
        coming = (await stage.book(at(5, 10)))["id"]
        over = await taught(stage)
        noted = await stage.student.one(NOTES, coming, "Chapter 3, please", None)
        assert noted["pre_session_notes"] == "Chapter 3, please"
        seen = await stage.mentor.one(
            "select pre_session_notes from public.sessions where id = %s", coming
        )
        assert seen["pre_session_notes"] == "Chapter 3, please"
        noted = await stage.mentor.one(NOTES, over, None, "Chapter 4 next")
        assert noted["post_session_notes"] == "Chapter 4 next"

        assert await stage.mentor.refused(NOTES, coming, "Mine", None) == "not_allowed"
        assert await stage.student.refused(NOTES, over, None, "Mine") == "not_allowed"
        assert await stage.student.refused(NOTES, over, "Too late", None) == "notes_closed"
        assert await stage.mentor.refused(NOTES, coming, None, "Too soon") == "notes_closed"
        assert await stage.stranger.refused(NOTES, coming, "Mine", None) == "not_found"
        assert await stage.student.refused(NOTES, coming, "x" * 10_001, None) == "text_too_long"
