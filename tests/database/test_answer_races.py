"""Everybody answers one request at once; many ask at once; timed work called twice at once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import LiteralString

from psycopg import AsyncConnection

from tests.database.crowd import (
    APPROVE,
    APPROVE_PLAIN,
    REJECT,
    WITHDRAW,
    all_at_once,
    attempt,
    crowd,
)
from tests.database.invariants import broken_invariants
from tests.database.people import SUBJECT, Ask, ask, days_ahead, make_people
from tests.support.campaign import size
from tests.support.database import TestDatabase

EXPIRE: LiteralString = (
    "select * from public.timed_work(%s) as done where (done -> 'expired')::integer > 0"
)
TIMED_WORK: LiteralString = "select * from public.timed_work(%s, 7)"
APPROVE_MANY: LiteralString = "select public.approve_requests(%s)"
REJECT_MANY: LiteralString = "select public.reject_requests(%s, 'No')"
REQUEST: LiteralString = """
    insert into public.session_requests (mentor_id, subject_id, title, requested_time, duration)
        values (%s, %s, 'Many', %s, 30)
"""
REQUEST_WITH_KEY: LiteralString = """
    select * from public.request_session(%s, %s, 'Once', %s, 30, idempotency_key => 'the key')
"""


async def test_approve_reject_withdraw_and_expire_leave_one_ending(database: TestDatabase) -> None:
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 6) as clients,
    ):
        student, mentor = await make_people(admin, 2)
        endings: Counter[str] = Counter()
        for number in range(size(15, 500)):
            when = days_ahead(number + 1)
            (request_id,) = await ask(admin, [Ask(student, mentor, when)])
            answers = await all_at_once(
                [
                    partial(attempt, clients[0], mentor, APPROVE, (request_id,)),
                    partial(attempt, clients[1], mentor, REJECT, (request_id,)),
                    partial(attempt, clients[2], student, WITHDRAW, (request_id,)),
                    partial(attempt, clients[3], None, EXPIRE, (when,)),
                    partial(attempt, clients[4], mentor, APPROVE_PLAIN, (request_id,)),
                    partial(attempt, clients[5], mentor, REJECT, (request_id,)),
                ]
            )
            assert answers.count("ok") == 1, answers
            assert set(answers) <= {"ok", "nothing", "request_not_pending"}, answers
            row = await (
                await admin.execute(
                    "select status from public.session_requests where id = %s", (request_id,)
                )
            ).fetchone()
            assert row is not None
            endings[row[0]] += 1
        assert "pending" not in endings
        assert await broken_invariants(admin) == {}


async def test_many_answered_in_one_call_while_each_is_answered_alone(
    database: TestDatabase,
) -> None:
    """Bulk calls in both orders meet plain updates that hold a request and want its people."""
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 8) as clients,
    ):
        student, mentor = await make_people(admin, 2)
        for number in range(size(10, 200)):
            asked = [
                Ask(student, mentor, days_ahead(number + 1) + timedelta(hours=h), 30)
                for h in range(5)
            ]
            ids = await ask(admin, asked)
            bulk = [
                partial(attempt, clients[0], mentor, APPROVE_MANY, (ids,)),
                partial(attempt, clients[1], mentor, APPROVE_MANY, (ids[::-1],)),
                partial(attempt, clients[2], mentor, REJECT_MANY, (ids,)),
            ]
            alone = [
                partial(attempt, clients[3], mentor, APPROVE_PLAIN, (ids[1],)),
                partial(attempt, clients[4], mentor, APPROVE_PLAIN, (ids[3],)),
                partial(attempt, clients[5], mentor, APPROVE, (ids[2],)),
                partial(attempt, clients[6], mentor, REJECT, (ids[4],)),
                partial(attempt, clients[7], student, WITHDRAW, (ids[0],)),
            ]
            answers = await all_at_once(bulk + alone)
            assert answers[:3] == ["ok"] * 3, answers
            assert set(answers[3:]) <= {"ok", "nothing", "request_not_pending"}, answers
            left = await admin.execute(
                "select count(*) from public.session_requests"
                " where id = any (%s) and status = 'pending'",
                (ids,),
            )
            assert await left.fetchone() == (0,)
        assert await broken_invariants(admin) == {}


async def test_the_limit_of_open_requests_holds_for_a_burst(database: TestDatabase) -> None:
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 20) as clients,
    ):
        student, *mentors = await make_people(admin, 1 + size(3, 50))
        await admin.execute("update private.settings set max_open_requests = 3")
        for mentor in mentors:
            answers = await all_at_once(
                [
                    partial(attempt, conn, student, REQUEST, (mentor, SUBJECT, days_ahead(day + 1)))
                    for day, conn in enumerate(clients)
                ]
            )
            assert Counter(answers) == {"ok": 3, "too_many_open_requests": 17}


async def test_a_create_that_is_repeated_makes_one_request(database: TestDatabase) -> None:
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 10) as clients,
    ):
        student, mentor = await make_people(admin, 2)
        await admin.execute("update private.settings set max_open_requests = 1")
        answers = await all_at_once(
            [
                partial(attempt, conn, student, REQUEST_WITH_KEY, (mentor, SUBJECT, days_ahead(1)))
                for conn in clients
            ]
        )
        assert answers == ["ok"] * 10
        count = await admin.execute("select count(*) from public.session_requests")
        assert await count.fetchone() == (1,)


async def test_two_callers_of_timed_work_do_each_item_once(database: TestDatabase) -> None:
    """Each call takes at most seven of a kind, so the two meet again and again."""
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 2) as clients,
    ):
        student, mentor = await make_people(admin, 2)
        amount = size(60, 500)
        await admin.execute("update private.settings set rating_window = '10 years'")
        asked = [Ask(student, mentor, days_ahead(day + 1), 30) for day in range(2 * amount)]
        ids = await ask(admin, asked)
        await admin.execute(
            "update public.session_requests set status = 'approved' where id = any (%s)",
            (ids[:amount],),
        )
        later = days_ahead(2 * amount + 1) + timedelta(hours=1)
        done: Counter[str] = Counter()

        async def work(conn: AsyncConnection) -> str:
            await conn.execute("set role service_role")
            while True:
                row = await (await conn.execute(TIMED_WORK, (later,))).fetchone()
                assert row is not None
                counts = row[0] if isinstance(row[0], dict) else json.loads(row[0])
                done.update(counts)
                if not any(counts.values()):
                    return "ok"

        assert await all_at_once([partial(work, conn) for conn in clients]) == ["ok", "ok"]
        assert done["expired"] == amount
        assert done["started"] == amount
        assert done["completed"] == amount
        told = await admin.execute(
            "select kind, count(*), count(distinct (recipient_id, request_id))"
            " from public.notifications"
            " where kind in ('request_expired', 'rating_open') group by kind order by kind"
        )
        assert await told.fetchall() == [
            ("rating_open", 2 * amount, 2 * amount),
            ("request_expired", 2 * amount, 2 * amount),
        ]
        twice = await admin.execute(
            "select session_id, kind from public.session_events group by 1, 2"
            " having count(*) > 1 and session_id is not null"
        )
        assert await twice.fetchall() == []
        assert await broken_invariants(admin) == {}
