"""One student and one mentor, each with a session of their own in a fresh database."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection, Error
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.database.crowd import code_of
from tests.support.database import TestDatabase, as_user, new_user

Row = dict[str, Any]


class Refused(AssertionError):
    """The database refused what a story needed; says with which code."""


@dataclass(frozen=True)
class Actor:
    """A person and the connection that acts for them, as PostgREST would."""

    id: uuid.UUID
    conn: AsyncConnection

    async def rows(self, statement: LiteralString, *params: object) -> list[Row]:
        """What a statement gives, as dictionaries."""
        async with self.conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement, params)
            return await cursor.fetchall() if cursor.description else []

    async def one(self, statement: LiteralString, *params: object) -> Row:
        """The only row of a statement."""
        (row,) = await self.rows(statement, *params)
        return row

    async def refused(self, statement: LiteralString, *params: object) -> str:
        """The code with which a statement is refused; fails when it is not."""
        try:
            given = await self.rows(statement, *params)
        except Error as error:
            return code_of(error)
        raise Refused(f"was allowed: {given}")


@dataclass(frozen=True)
class Scene:
    """Everybody a story needs."""

    database: TestDatabase
    admin: Actor
    student: Actor
    mentor: Actor
    stranger: Actor
    subject: uuid.UUID

    async def request(self, when: datetime, minutes: int = 60, by: Actor | None = None) -> Row:
        """A pending request to the mentor."""
        return await (by or self.student).one(
            "select * from public.request_session(%s, %s, 'A talk', %s, %s)",
            self.mentor.id,
            self.subject,
            when,
            minutes,
        )

    async def book(self, when: datetime, minutes: int = 60, by: Actor | None = None) -> Row:
        """A session with the mentor."""
        asked = await self.request(when, minutes, by)
        return await self.mentor.one("select * from public.approve_request(%s)", asked["id"])

    async def open_all_week(
        self, zone: str, opens: str = "09:00", closes: str = "17:00", **terms: object
    ) -> None:
        """The mentor's hours, the same on every weekday, and his terms."""
        await self.admin.rows(
            """
            insert into public.availability_rules (mentor_id, weekday, start_time, end_time)
                select %s, weekday, %s, %s from generate_series(1, 7) as weekday
            """,
            self.mentor.id,
            opens,
            closes,
        )
        await self.set_terms(time_zone=zone, **terms)

    async def set_terms(self, **terms: object) -> None:
        """The mentor's terms; what is not named has its default."""
        await self.admin.rows(
            """
            insert into public.booking_terms
                select * from jsonb_populate_record(
                    (select t from private.terms_of(array[%s]::uuid[]) as t), %s
                )
                on conflict (mentor_id) do nothing
            """,
            self.mentor.id,
            Jsonb(terms),
        )


@contextlib.asynccontextmanager
async def scene(database: TestDatabase) -> AsyncIterator[Scene]:
    """A student, a mentor and a stranger, signed in."""
    async with contextlib.AsyncExitStack() as stack:
        admin = await stack.enter_async_context(
            await AsyncConnection.connect(database.admin_conninfo, autocommit=True)
        )
        actors = []
        for name, mentor in (("Sam", False), ("Maya", True), ("Sid", True)):
            person = await new_user(admin, name, mentor)
            conn = await stack.enter_async_context(as_user(database.conninfo, person))
            actors.append(Actor(person, conn))
        subject = uuid.uuid4()
        await admin.execute(
            "insert into public.subjects (id, name) values (%s, 'Talk')", (subject,)
        )
        student, teacher, stranger = actors
        yield Scene(database, Actor(uuid.UUID(int=0), admin), student, teacher, stranger, subject)


def at(days: int, hour: int, minute: int = 0) -> datetime:
    """An instant some days ahead, at that UTC time."""
    today = datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today + timedelta(days=days)
