"""People, subjects and requests for database tests, written set-based."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection

SUBJECT = uuid.UUID("00000000-0000-4000-8000-0000000000aa")


@dataclass(frozen=True)
class Ask:
    """A request to be: who asks whom, when, for how long."""

    student: uuid.UUID
    mentor: uuid.UUID
    start: datetime
    minutes: int = 60


async def make_people(conn: AsyncConnection, count: int) -> list[uuid.UUID]:
    """Accounts that may all teach; also the subject that `ask` uses, and no limit on requests."""
    people = [uuid.uuid4() for _ in range(count)]
    await conn.execute(
        """
        insert into auth.users (id, email, raw_user_meta_data)
            select id, id::text || '@example.test', '{"name": "Racer", "is_mentor": true}'
                from unnest(%s::uuid[]) as id
        """,
        (people,),
    )
    await conn.execute(
        "insert into public.subjects (id, name) values (%s, 'Racing') on conflict do nothing",
        (SUBJECT,),
    )
    await conn.execute("update private.settings set max_open_requests = 1000000")
    return people


async def ask(conn: AsyncConnection, asked: Sequence[Ask]) -> list[uuid.UUID]:
    """Pending requests, in the order asked."""
    ids = [uuid.uuid4() for _ in asked]
    await conn.execute(
        """
        insert into public.session_requests
                (id, student_id, mentor_id, subject_id, title, requested_time, duration)
            select asked.id, asked.student, asked.mentor, %s, 'A race', asked.start, asked.minutes
                from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::integer[])
                    as asked (id, student, mentor, start, minutes)
        """,
        (
            SUBJECT,
            ids,
            [one.student for one in asked],
            [one.mentor for one in asked],
            [one.start for one in asked],
            [one.minutes for one in asked],
        ),
    )
    return ids


def days_ahead(days: int) -> datetime:
    """Noon of a day to come, in UTC."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=days)
