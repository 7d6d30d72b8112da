"""Many answers in one call: a result for each item, in order, once for each key."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import LiteralString

from tests.database.crowd import all_at_once, attempt, crowd
from tests.free_time.scene import Row, Scene, at, scene
from tests.support.database import TestDatabase, new_user

APPROVE: LiteralString = "select public.approve_requests(%s, %s) as results"
REJECT: LiteralString = "select public.reject_requests(%s, %s, %s) as results"


async def asked(stage: Scene, mentor: uuid.UUID, count: int, first_day: int) -> list[uuid.UUID]:
    """Requests that do not collide, each by a student of its own."""
    made = []
    for number in range(count):
        student = await new_user(stage.admin.conn, f"Student {number}")
        row = await stage.admin.one(
            """
            insert into public.session_requests
                    (student_id, mentor_id, subject_id, title, requested_time, duration)
                values (%s, %s, %s, 'Bulk', %s, 30) returning id
            """,
            student,
            mentor,
            stage.subject,
            at(first_day, 8) + timedelta(minutes=40 * number),
        )
        made.append(row["id"])
    return made


def outcomes(results: list[Row]) -> list[str]:
    return ["ok" if item["ok"] else item["code"] for item in results]


async def test_fifty_mixed_items_get_fifty_results_in_order_and_a_replay_the_same(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        own = await asked(stage, stage.mentor.id, 20, 5)
        foreign = await asked(stage, stage.stranger.id, 10, 5)
        stale = await asked(stage, stage.mentor.id, 10, 8)
        await stage.mentor.rows(REJECT, stale, "Not this week", None)
        clashing = await asked(stage, stage.mentor.id, 5, 5)  # the hours of the first five
        unknown = [uuid.uuid4() for _ in range(5)]
        items = own + foreign + stale + clashing + unknown
        first = await stage.mentor.one(APPROVE, items, "monday")
        assert [item["request_id"] for item in first["results"]] == [str(item) for item in items]
        assert outcomes(first["results"]) == (
            ["ok"] * 20
            + ["not_found"] * 10
            + ["request_not_pending"] * 10
            + ["request_not_pending"] * 5
            + ["not_found"] * 5
        )
        # what is not the mentor's looks like what does not exist
        by_id = {item["request_id"]: item for item in first["results"]}
        hidden, missing = by_id[str(foreign[0])], by_id[str(unknown[0])]
        assert {**hidden, "request_id": ""} == {**missing, "request_id": ""}
        rooms = {item["session"]["video_room_id"] for item in first["results"] if item["ok"]}
        assert len(rooms) == 20

        again = await stage.mentor.one(APPROVE, items, "monday")
        assert again == first
        assert await stage.mentor.refused(APPROVE, own, "monday") == "key_reused"
        left = await stage.stranger.rows(
            "select * from public.session_requests where status = 'pending'"
        )
        assert len(left) == 10


async def test_rejecting_many_tells_each_student_the_reason(database: TestDatabase) -> None:
    async with scene(database) as stage:
        own = await asked(stage, stage.mentor.id, 3, 5)
        refused = await stage.mentor.one(REJECT, own, "   ", None)
        assert outcomes(refused["results"]) == ["reason_required"] * 3
        done = await stage.mentor.one(REJECT, own, "On holiday", None)
        assert outcomes(done["results"]) == ["ok"] * 3
        told = await stage.admin.rows(
            "select payload from public.notifications where kind = 'request_rejected'"
        )
        assert [row["payload"]["rejection_reason"] for row in told] == ["On holiday"] * 3


async def test_one_key_at_once_answers_once(database: TestDatabase) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 6) as clients:
        own = await asked(stage, stage.mentor.id, 5, 5)
        answers = await all_at_once(
            [
                partial(attempt, client, stage.mentor.id, APPROVE, (own, "once"))
                for client in clients
            ]
        )
        assert answers == ["ok"] * 6
        kept = await stage.admin.one("select count(*) as sessions from public.sessions")
        assert kept["sessions"] == 5
        replayed = await stage.mentor.one(APPROVE, own, "once")
        assert outcomes(replayed["results"]) == ["ok"] * 5


async def test_bulk_answers_of_two_mentors_to_the_same_students_do_not_deadlock(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 2) as clients:
        students = [await new_user(stage.admin.conn, f"Student {n}") for n in range(8)]
        for round_number in range(6):
            lists = []
            for mentor, order in ((stage.mentor.id, 1), (stage.stranger.id, -1)):
                rows = [
                    await stage.admin.one(
                        """
                        insert into public.session_requests
                                (student_id, mentor_id, subject_id, title, requested_time, duration)
                            values (%s, %s, %s, 'Cross', %s, 30) returning id
                        """,
                        student,
                        mentor,
                        stage.subject,
                        at(5 + round_number, 8) + timedelta(minutes=40 * place),
                    )
                    for place, student in enumerate(students)
                ]
                lists.append([row["id"] for row in rows][::order])
            answers = await all_at_once(
                [
                    partial(attempt, client, mentor, APPROVE, (ids, None))
                    for client, mentor, ids in zip(
                        clients, (stage.mentor.id, stage.stranger.id), lists, strict=True
                    )
                ]
            )
            assert answers == ["ok", "ok"]
        made = await stage.admin.one("select count(*) as sessions from public.sessions")
        assert made["sessions"] == 6 * 8


async def test_a_bulk_call_is_bounded(database: TestDatabase) -> None:
    async with scene(database) as stage:
        assert await stage.mentor.refused(APPROVE, [], None) == "bad_bulk"
        many = [uuid.uuid4() for _ in range(201)]
        assert await stage.mentor.refused(APPROVE, many, None) == "bad_bulk"
