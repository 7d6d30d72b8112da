"""Racing approvals: of overlapping hours one wins, adjacent ones all do, nobody sees a deadlock."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from psycopg import AsyncConnection

from tests.database.crowd import APPROVE, APPROVE_PLAIN, all_at_once, attempt, crowd
from tests.database.invariants import broken_invariants
from tests.database.people import Ask, ask, days_ahead, make_people
from tests.support.campaign import size
from tests.support.database import TestDatabase

CLIENTS = 20
LOSING = {"slot_taken", "request_not_pending"}
People = list[uuid.UUID]
Shape = Callable[[People, datetime], list[Ask]]


def at(start: datetime, minutes: int) -> datetime:
    return start + timedelta(minutes=minutes)


def equal(people: People, noon: datetime) -> list[Ask]:
    return [Ask(student, people[0], noon) for student in people[1:]]


def shifted(people: People, noon: datetime) -> list[Ask]:
    """All hold the minute before half past, each starts a minute after the other."""
    return [Ask(student, people[0], at(noon, n), 30) for n, student in enumerate(people[1:])]


def contained(people: People, noon: datetime) -> list[Ask]:
    """Each lies inside the one before, around one o'clock."""
    sizes = [(0, 120), (15, 90), (30, 60), (45, 30)]
    return [
        Ask(student, people[0], at(noon, sizes[n % 4][0]), sizes[n % 4][1])
        for n, student in enumerate(people[1:])
    ]


def same_student(people: People, noon: datetime) -> list[Ask]:
    return [Ask(people[0], mentor, at(noon, n % 3 * 10), 60) for n, mentor in enumerate(people[1:])]


def crossed(people: People, noon: datetime) -> list[Ask]:
    """The same person teaches in one and learns in the next."""
    return [
        Ask(other, people[0], noon) if n % 2 else Ask(people[0], other, noon)
        for n, other in enumerate(people[1:])
    ]


def one_pair(people: People, noon: datetime) -> list[Ask]:
    """Two people ask each other, again and again."""
    return [Ask(people[n % 2], people[1 - n % 2], at(noon, n % 4 * 10), 60) for n in range(CLIENTS)]


def adjacent(people: People, noon: datetime) -> list[Ask]:
    """One begins when the other ends, for the mentor and by turns for the student too."""
    return [Ask(people[1 + n % 2], people[0], at(noon, (n - 10) * 30), 30) for n in range(CLIENTS)]


async def race(
    admin: AsyncConnection, clients: list[AsyncConnection], asked: list[Ask], dice: random.Random
) -> Counter[str]:
    """Everybody approves at once, some with the function and some by writing the status."""
    ids = await ask(admin, asked)
    order = list(zip(ids, asked, strict=True))
    dice.shuffle(order)
    answers = await all_at_once(
        [
            partial(attempt, conn, one.mentor, dice.choice([APPROVE, APPROVE_PLAIN]), (request_id,))
            for conn, (request_id, one) in zip(clients, order, strict=True)
        ]
    )
    return Counter(answers)


async def rounds_of(
    database: TestDatabase, shape: Shape, winners: int, expected_losses: set[str]
) -> None:
    dice = random.Random(7)
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, CLIENTS) as clients,
    ):
        people = await make_people(admin, CLIENTS + 1)
        for number in range(size(2, 200)):
            answers = await race(admin, clients, shape(people, days_ahead(number + 1)), dice)
            assert answers["ok"] == winners, (number, answers)
            assert set(answers) - {"ok"} <= expected_losses, (number, answers)
        # an approval passes over a request that is being answered; timed work finds it
        while await declined(admin):
            pass
        endings = await admin.execute(
            "select distinct status, rejection_code from public.session_requests"
        )
        assert set(await endings.fetchall()) <= {("approved", None), ("rejected", "slot_taken")}
        assert await broken_invariants(admin) == {}


async def declined(admin: AsyncConnection) -> int:
    """How many requests timed work declines now."""
    row = await (await admin.execute("select public.timed_work() -> 'declined'")).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "shape", [equal, shifted, contained, same_student, crossed, one_pair], ids=lambda f: f.__name__
)
async def test_of_overlapping_hours_exactly_one_is_approved(
    database: TestDatabase, shape: Shape
) -> None:
    await rounds_of(database, shape, 1, LOSING)


@pytest.mark.timeout(900)
async def test_adjacent_hours_are_all_approved(database: TestDatabase) -> None:
    await rounds_of(database, adjacent, CLIENTS, set())


@pytest.mark.parametrize("path", [APPROVE, APPROVE_PLAIN], ids=["function", "table"])
async def test_ten_approvals_of_one_request_make_one_session(
    database: TestDatabase, path: str
) -> None:
    statement = APPROVE if path == APPROVE else APPROVE_PLAIN
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 10) as clients,
    ):
        student, mentor = await make_people(admin, 2)
        for number in range(size(3, 100)):
            (request_id,) = await ask(admin, [Ask(student, mentor, days_ahead(number + 1))])
            answers = await all_at_once(
                [partial(attempt, conn, mentor, statement, (request_id,)) for conn in clients]
            )
            assert Counter(answers) == {"ok": 1, "request_not_pending": 9}
            told = await admin.execute(
                "select kind, recipient_id from public.notifications where request_id = %s"
                " order by created_at",
                (request_id,),
            )
            assert await told.fetchall() == [
                ("request_created", mentor),
                ("request_approved", student),
            ]
        assert await broken_invariants(admin) == {}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_no_isolation_level_lets_an_overlap_through(
    database: TestDatabase, level: str
) -> None:
    """The promise is the constraint's, so it does not lean on what a transaction can see."""
    async with (
        await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as admin,
        crowd(database.conninfo, 8) as clients,
    ):
        people = await make_people(admin, 9)
        for conn in clients:
            await conn.execute(f"set default_transaction_isolation = '{level}'".encode())
        for number in range(size(2, 50)):
            ids = await ask(admin, crossed(people, days_ahead(number + 1)))
            asked = crossed(people, days_ahead(number + 1))
            answers = await all_at_once(
                [
                    partial(attempt, conn, one.mentor, APPROVE, (request_id,))
                    for conn, request_id, one in zip(clients, ids, asked, strict=True)
                ]
            )
            assert answers.count("ok") <= 1, answers
            assert set(answers) <= {"ok", *LOSING}, answers
        assert await broken_invariants(admin) == {}
