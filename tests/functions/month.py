"""The sessions of the simulated month, and what a correct product would tell of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from psycopg import AsyncConnection
from psycopg import Error as PsycopgError

from tests.functions.house import House, on_the_minute
from tests.support.database import as_user, new_user

OFFSETS = {
    timedelta(days=1): "In one day",
    timedelta(hours=1): "In one hour",
    timedelta(minutes=10): "In 10 minutes",
}
SPREAD = timedelta(days=27)
LONG_ENOUGH = timedelta(minutes=31)
NOT_NEAR = timedelta(hours=2, minutes=5)


@dataclass
class Booked:
    """A session as the test knows it."""

    id: str
    title: str
    mentor: str
    student: str
    planned: list[tuple[datetime, datetime | None]]
    """The starts it had, each with the moment until which it stood."""
    cancelled: bool = False

    @property
    def start(self) -> datetime:
        return self.planned[-1][0]

    def change(self, now: datetime, start: datetime | None) -> None:
        self.planned[-1] = (self.start, now)
        if start is None:
            self.cancelled = True
        else:
            self.planned.append((start, None))

    def reminders(self) -> set[tuple[datetime, str]]:
        """What has to be told of it: when, and in which words."""
        return {
            (start - before, words)
            for start, until in self.planned
            for before, words in OFFSETS.items()
            if until is None or start - before <= until
        }


@dataclass
class Month:
    """All that is booked, from `begin` on."""

    begin: datetime
    booked: list[Booked] = field(default_factory=list)
    changes: int = 0

    def moments(self, after: datetime) -> list[datetime]:
        """When something may be due: also where it no longer is, as it was moved or cancelled."""
        starts = {start for one in self.booked for start, _ in one.planned}
        due = {start - before for start in starts for before in OFFSETS}
        over = {start + LONG_ENOUGH for start in starts}
        return sorted(moment for moment in due | over if moment > after)

    async def change(self, admin: AsyncConnection[Any], chance: Random, now: datetime) -> None:
        """Move a session by a day, or cancel one, by turns: one that is not near and was left alone
        so far.
        """
        free = [
            one for one in self.booked if len(one.planned) == 1 and not one.cancelled
            and one.start - now >= NOT_NEAR
        ]  # fmt: skip
        if not free:
            return
        one = chance.choice(free)
        self.changes += 1
        if self.changes % 2 == 0:
            await admin.execute(
                "update public.sessions set status = 'cancelled', cancel_reason = 'Off.' "
                "where id = %s",
                (one.id,),
            )
            one.change(now, None)
            return
        start = one.start + timedelta(days=1, minutes=7)
        try:
            await admin.execute(
                "update public.sessions set scheduled_time = %s, end_time = %s where id = %s",
                (start, start + timedelta(minutes=30), one.id),
            )
        except PsycopgError as exc:
            if "slot_taken" not in str(exc):
                raise
        else:
            one.change(now, start)


async def book(
    house: House, admin: AsyncConnection[Any], chance: Random, *, people: int, count: int
) -> Month:
    """Sessions of a few people, evenly over the month, the first in a day and two hours."""
    mentors = [await new_user(admin, f"Mentor {n}", mentor=True) for n in range(people)]
    students = [await new_user(admin, f"Student {n}") for n in range(people)]
    first = on_the_minute(datetime.now(UTC)) + timedelta(hours=26)
    booked = []
    for number in range(count):
        mentor, student = chance.choice(mentors), chance.choice(students)
        title = f"Session {number:03}"
        start = on_the_minute(first + SPREAD * number / count)
        start += timedelta(minutes=chance.randrange(40))
        async with as_user(house.database.conninfo, student) as conn:
            cursor = await conn.execute(
                "select id from public.request_session(%s, %s, %s, %s, 30)",
                (mentor, house.subject, title, start),
            )
            request = (await cursor.fetchall())[0][0]
        async with as_user(house.database.conninfo, mentor) as conn:
            cursor = await conn.execute("select id from public.approve_request(%s)", (request,))
            session = str((await cursor.fetchall())[0][0])
        booked.append(Booked(session, title, str(mentor), str(student), [(start, None)]))
    return Month(datetime.now(UTC), booked)
