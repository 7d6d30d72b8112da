"""Random people do random things, and the database does what the model says and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.database.crowd import code_of
from tests.database.invariants import FAULTS
from tests.database.model import Book, Meeting
from tests.database.people import SUBJECT, days_ahead
from tests.support.campaign import size
from tests.support.database import TestDatabase

PEOPLE = 4
NOON = days_ahead(2)
people = st.integers(0, PEOPLE - 1)
lengths = st.sampled_from([30, 60, 90, 120])
# an afternoon is small enough for many collisions
quarters = st.integers(0, 15).map(lambda n: NOON + timedelta(minutes=15 * n))


class Drive(RuleBasedStateMachine):
    """One walk, in a transaction that is rolled back at the end."""

    conn: psycopg.Connection

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.ids: list[uuid.UUID] = []
        self.people = [uuid.uuid4() for _ in range(PEOPLE)]
        self.conn.execute(
            "insert into auth.users (id, email, raw_user_meta_data)"
            ' select id, id::text || \'@example.test\', \'{"name": "P", "is_mentor": true}\''
            " from unnest(%s::uuid[]) as id",
            (self.people,),
        )

    def teardown(self) -> None:
        self.conn.rollback()

    def says(self, person: int | None, statement: bytes, *params: object) -> str:
        """'ok' or the code, as this person (or the service, for None)."""
        role = "service_role" if person is None else "authenticated"
        sub = "" if person is None else f'"sub": "{self.people[person]}", '
        try:
            with self.conn.transaction():
                self.conn.execute(
                    "select set_config('role', %s, true),"
                    " set_config('request.jwt.claims', %s, true)",
                    (role, f'{{{sub}"role": "{role}"}}'),
                )
                self.conn.execute(statement, params)
        except psycopg.Error as error:
            return code_of(error)
        finally:
            self.conn.execute("reset role")
        return "ok"

    @rule(student=people, mentor=people, start=quarters, minutes=lengths)
    def request(self, student: int, mentor: int, start: datetime, minutes: int) -> None:
        request_id = uuid.uuid4()
        wanted = Meeting(student, mentor, start, minutes, expires=start)
        expected = self.book.request(wanted)
        answer = self.says(
            student,
            b"insert into public.session_requests"
            b" (student_id, mentor_id, subject_id, title, requested_time, duration)"
            b" values (%s, %s, %s, %s, %s, %s)",
            self.people[student],
            self.people[mentor],
            SUBJECT,
            str(request_id),
            start,
            minutes,
        )
        assert answer == expected
        if expected == "ok":
            self.ids.append(self.find(request_id))

    def find(self, title: uuid.UUID) -> uuid.UUID:
        row = self.conn.execute(
            "select id from public.session_requests where title = %s", (str(title),)
        ).fetchone()
        assert row is not None
        found: uuid.UUID = row[0]
        return found

    def pick(self, number: int) -> tuple[Meeting, uuid.UUID]:
        place = number % len(self.ids)
        return self.book.meetings[place], self.ids[place]

    some = precondition(lambda self: bool(self.ids))
    which = st.integers(0, 1_000)

    @some
    @rule(number=which, person=people)
    def approve(self, number: int, person: int) -> None:
        meeting, request_id = self.pick(number)
        expected = self.book.approve(meeting, person)
        assert self.says(person, b"select public.approve_request(%s)", request_id) == expected

    @some
    @rule(number=which)
    def approve_by_the_table(self, number: int) -> None:
        meeting, request_id = self.pick(number)
        expected = self.book.approve(meeting, meeting.mentor)
        statement = b"update public.session_requests set status = 'approved' where id = %s"
        assert self.says(meeting.mentor, statement, request_id) == expected

    @some
    @rule(number=which, person=people)
    def reject(self, number: int, person: int) -> None:
        meeting, request_id = self.pick(number)
        expected = self.book.reject(meeting, person)
        answer = self.says(person, b"select public.reject_request(%s, 'No')", request_id)
        assert answer == expected

    @some
    @rule(number=which, person=people)
    def withdraw(self, number: int, person: int) -> None:
        meeting, request_id = self.pick(number)
        expected = self.book.withdraw(meeting, person)
        assert self.says(person, b"select public.withdraw_request(%s)", request_id) == expected

    @some
    @rule(number=which, person=people)
    def cancel(self, number: int, person: int) -> None:
        meeting, request_id = self.pick(number)
        expected = self.book.cancel(meeting, person)
        row = self.conn.execute(
            "select id from public.sessions where request_id = %s", (request_id,)
        ).fetchone()
        session_id = row[0] if row else uuid.uuid4()
        answer = self.says(person, b"select public.cancel_session(%s, 'Ill')", session_id)
        assert answer == expected

    @rule(hours=st.integers(0, 24))
    def time_passes(self, hours: int) -> None:
        clock = NOON - timedelta(hours=20) + timedelta(hours=hours)
        self.book.time_passes(clock)
        assert self.says(None, b"select public.timed_work(%s)", clock) == "ok"

    @invariant()
    def nothing_is_broken(self) -> None:
        for name, query in FAULTS.items():
            assert self.conn.execute(query).fetchone() is None, name

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        rows = self.conn.execute(
            "select r.id, r.status, s.status from public.session_requests as r"
            " left join public.sessions as s on s.request_id = r.id"
        ).fetchall()
        assert {row[0]: (row[1], row[2]) for row in rows} == {
            request_id: (meeting.status, meeting.session)
            for request_id, meeting in zip(self.ids, self.book.meetings, strict=True)
        }


@pytest.fixture
def connection(database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.conninfo) as conn:
        conn.execute("insert into public.subjects (id, name) values (%s, 'Chance')", (SUBJECT,))
        conn.execute("update private.settings set max_open_requests = 1000000")
        conn.commit()
        yield conn


@pytest.mark.timeout(900)
def test_random_people_doing_random_things(connection: psycopg.Connection) -> None:
    class Here(Drive):
        conn = connection

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=size(8, 300),
            stateful_step_count=size(20, 50),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
