"""Sessions that repeat: previewed, requested and approved as one, moved and cancelled in part."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.free_time.scene import Row, Scene, at, scene
from tests.support.database import TestDatabase

BERLIN = ZoneInfo("Europe/Berlin")
PREVIEW = "select * from public.preview_series(%s, %s, %s, %s, 60, occurrences => %s)"
REQUEST = """
    select * from public.request_series(
        %s, %s, 'Weekly', %s, %s, %s, 60, occurrences => %s, skip => %s
    )
"""


def local(days: int, hour: int = 10) -> datetime:
    """A local time some days ahead, without a zone."""
    return at(days, hour).replace(tzinfo=None)


async def preview(
    stage: Scene, first: datetime, frequency: str, zone: str, count: int
) -> list[Row]:
    return await stage.student.rows(PREVIEW, stage.mentor.id, first, frequency, zone, count)


async def request(
    stage: Scene, first: datetime, count: int, skip: list[int] | None = None, zone: str = "UTC"
) -> Row:
    return await stage.student.one(
        REQUEST, stage.mentor.id, stage.subject, first, "weekly", zone, count, skip or []
    )


async def approved(stage: Scene, first: datetime, count: int) -> list[Row]:
    series = await request(stage, first, count)
    return await stage.mentor.rows("select * from public.approve_series(%s)", series["id"])


async def test_of_twelve_weeks_with_two_clashes_both_are_named_and_none_or_ten_are_made(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        for week in (3, 7):
            await stage.book(at(7 * week, 10, 30), by=stage.stranger)
        seen = await preview(stage, local(7), "weekly", "UTC", 12)
        clashes = [row for row in seen if not row["is_free"]]
        assert [(row["series_index"], row["reason"]) for row in clashes] == [
            (3, "booked"),
            (7, "booked"),
        ]
        assert [row["alternative"] for row in clashes] == [at(21, 9, 30), at(49, 9, 30)]

        code = await stage.student.refused(
            REQUEST, stage.mentor.id, stage.subject, local(7), "weekly", "UTC", 12, []
        )
        assert code == "series_clash"
        assert await stage.student.rows("select * from public.session_requests") == []

        series = await request(stage, local(7), 12, skip=[3, 7])
        made = await stage.mentor.rows("select * from public.approve_series(%s)", series["id"])
        assert len(made) == 10
        assert at(21, 10) not in {session["scheduled_time"] for session in made}


async def test_an_occurrence_lost_before_the_approval_leaves_all_or_the_skipped_one_out(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        series = await request(stage, local(7), 4)
        # taken without the mentor's approval, which would have declined the occurrence
        await stage.admin.rows(
            """
            insert into public.sessions (mentor_id, student_id, title, scheduled_time, duration)
                values (%s, %s, 'Elsewhere', %s, 60)
            """,
            stage.stranger.id,
            stage.student.id,
            at(14, 10),
        )
        approve = "select * from public.approve_series(%s, %s)"
        assert await stage.mentor.refused(approve, series["id"], []) == "slot_taken"
        assert len(await stage.mentor.rows("select * from public.sessions")) == 0
        made = await stage.mentor.rows(approve, series["id"], [2])
        assert [session["scheduled_time"] for session in made] == [
            at(7, 10),
            at(21, 10),
            at(28, 10),
        ]


async def test_moving_the_third_leaves_twelve(database: TestDatabase) -> None:
    async with scene(database) as stage:
        sessions = await approved(stage, local(7), 12)
        moved = await stage.student.one(
            "select * from public.propose_reschedule(%s, %s)", sessions[2]["id"], at(22, 15)
        )
        await stage.mentor.rows("select public.accept_reschedule(%s)", moved["id"])
        times = await stage.student.rows(
            "select scheduled_time from public.sessions order by scheduled_time"
        )
        expected = [at(7 * week, 10) for week in range(1, 13) if week != 3]
        assert [row["scheduled_time"] for row in times] == sorted([*expected, at(22, 15)])


async def test_local_time_stays_when_clocks_change(database: TestDatabase) -> None:
    async with scene(database) as stage:
        first = datetime(2027, 3, 8, 10, 0)
        seen = await preview(stage, first, "weekly", "Europe/Berlin", 6)
        walls = [row["starts_at"].astimezone(BERLIN) for row in seen]
        assert {wall.time() for wall in walls} == {first.time()}
        assert {wall.utcoffset() for wall in walls} == {timedelta(hours=1), timedelta(hours=2)}


@pytest.mark.parametrize(
    ("frequency", "first", "expected"),
    [
        ("biweekly", date(2027, 1, 4), [date(2027, 1, 18), date(2027, 2, 1), date(2027, 2, 15)]),
        # a month without the day has its last day instead
        (
            "monthly_by_date",
            date(2027, 1, 31),
            [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)],
        ),
        # the second Tuesday
        (
            "monthly_by_weekday",
            date(2027, 1, 12),
            [date(2027, 2, 9), date(2027, 3, 9), date(2027, 4, 13)],
        ),
        # a fifth Friday is the last Friday of each month
        (
            "monthly_by_weekday",
            date(2027, 1, 29),
            [date(2027, 2, 26), date(2027, 3, 26), date(2027, 4, 30)],
        ),
    ],
)
async def test_the_dates_of_a_series(
    database: TestDatabase, frequency: str, first: date, expected: list[date]
) -> None:
    async with scene(database) as stage:
        begin = datetime(first.year, first.month, first.day, 10, 0)
        seen = await preview(stage, begin, frequency, "UTC", 4)
        assert [row["starts_at"].date() for row in seen] == [first, *expected]
        assert [row["series_index"] for row in seen] == [1, 2, 3, 4]


async def test_until_counts_the_last_date(database: TestDatabase) -> None:
    async with scene(database) as stage:
        seen = await stage.student.rows(
            "select * from public.preview_series(%s, %s, 'weekly', 'UTC', 60, until => %s)",
            stage.mentor.id,
            local(7),
            at(28, 0).date(),
        )
        assert len(seen) == 4


@pytest.mark.parametrize(
    ("scope", "left"), [("this", [1, 2, 4, 5]), ("following", [1, 2]), ("all", [])]
)
async def test_cancelling_this_following_or_all(
    database: TestDatabase, scope: str, left: list[int]
) -> None:
    async with scene(database) as stage:
        sessions = await approved(stage, local(7), 5)
        await stage.student.rows(
            "select * from public.cancel_series_sessions(%s, %s, 'Moving away')",
            sessions[2]["id"],
            scope,
        )
        rows = await stage.mentor.rows(
            "select id from public.sessions where status = 'scheduled' order by scheduled_time"
        )
        assert [row["id"] for row in rows] == [sessions[place - 1]["id"] for place in left]


@pytest.mark.parametrize(
    ("scope", "moved"), [("this", [3]), ("following", [3, 4, 5]), ("all", [1, 2, 3, 4, 5])]
)
@pytest.mark.parametrize("days", [1, 7, -3])
async def test_moving_this_following_or_all_by_the_same_step(
    database: TestDatabase, scope: str, moved: list[int], days: int
) -> None:
    if (scope, days) == ("this", 7):
        days = 8  # a week on stands the next session of the series
    async with scene(database) as stage:
        sessions = await approved(stage, local(7), 5)
        proposals = await stage.mentor.rows(
            "select * from public.propose_series_reschedule(%s, %s, %s)",
            sessions[2]["id"],
            scope,
            local(21 + days, 11),
        )
        batch: uuid.UUID = proposals[0]["batch_id"]
        await stage.student.rows("select * from public.accept_series_reschedule(%s)", batch)
        rows = await stage.student.rows("select id, scheduled_time from public.sessions")
        found = {row["id"]: row["scheduled_time"] for row in rows}
        for place, session in enumerate(sessions, start=1):
            expected = at(7 * place + days, 11) if place in moved else at(7 * place, 10)
            assert found[session["id"]] == expected


async def test_a_series_counts_as_one_open_request(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.admin.rows("update private.settings set max_open_requests = 2")
        await request(stage, local(7), 12)
        await stage.request(at(8, 15))
        code = await stage.student.refused(
            REQUEST, stage.mentor.id, stage.subject, local(9), "weekly", "UTC", 3, []
        )
        assert code == "too_many_open_requests"


async def test_a_stranger_sees_and_answers_nothing_of_a_series(database: TestDatabase) -> None:
    async with scene(database) as stage:
        series = await request(stage, local(7), 3)
        for statement in (
            "select * from public.approve_series(%s)",
            "select * from public.withdraw_series(%s)",
        ):
            assert await stage.stranger.refused(statement, series["id"]) == "not_found"
        reject = "select * from public.reject_series(%s, 'No')"
        assert await stage.student.refused(reject, series["id"]) == "not_allowed"
        rejected = await stage.mentor.rows(reject, series["id"])
        assert {row["status"] for row in rejected} == {"rejected"}
        assert datetime.now(UTC) >= rejected[0]["responded_at"]
