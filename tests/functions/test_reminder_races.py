"""A session changes, or a worker dies, at the very moment its reminder is being told."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from tests.functions.house import House
from tests.functions.receivers import MailServer
from tests.functions.serving import SCHEDULER, serve
from tests.support.people import sign_up
from tests.support.wait import eventually

HOUR = timedelta(hours=1)
CHANGES = {
    "moved": "update public.sessions set scheduled_time = scheduled_time + interval '2 days', "
    "end_time = end_time + interval '2 days' where id = %s",
    "cancelled": "update public.sessions set status = 'cancelled', cancel_reason = 'Off.' "
    "where id = %s",
}
changes = pytest.mark.parametrize("change", CHANGES)


async def connected(house: House) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(house.database.admin_conninfo)


async def booked(house: House) -> tuple[str, datetime]:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    session = await house.book(student, mentor, ahead=timedelta(days=1, minutes=-5))
    return str(session["id"]), datetime.fromisoformat(session["scheduled_time"])


async def remind(conn: AsyncConnection[Any], clock: datetime) -> int:
    cursor = await conn.execute("select private.remind_sessions(%s, 100)", (clock,))
    return int((await cursor.fetchall())[0][0])


async def reminders_sent(house: House, mails: MailServer, now: datetime) -> int:
    """How many reminders go out when everything due at `now` is done."""
    mails.raw.clear()
    async with serve(house, smtp_url=mails.url, clock=lambda: now) as functions:
        answer = await functions.http.post("/timed-work", headers=SCHEDULER)
        assert answer.status_code == 200, answer.text
        assert answer.json()["failed"] == {}
    return sum(mail["X-Mentorkit-Kind"] == "session_reminder" for mail in mails.received)


async def waits(house: House, conn: AsyncConnection[Any]) -> bool:
    rows = await house.sql(
        "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s",
        conn.info.backend_pid,
    )
    return bool(rows[0][0])


@changes
async def test_a_session_that_changes_while_it_is_told(
    house: House, mails: MailServer, change: str
) -> None:
    session, start = await booked(house)
    async with await connected(house) as teller, await connected(house) as changer:
        assert await remind(teller, start - HOUR) == 2
        changing = asyncio.create_task(changer.execute(CHANGES[change], (session,)))
        await eventually(lambda: waits(house, changer), within=15)
        await teller.commit()
        await changing
        await changer.commit()
    # It was told in the database, but nobody gets a mail about what is not true any more.
    assert await reminders_sent(house, mails, start - HOUR) == 0
    later = start + timedelta(days=2) - HOUR
    assert await reminders_sent(house, mails, later) == (2 if change == "moved" else 0)


@changes
async def test_a_session_that_is_changing_when_it_should_be_told(
    house: House, mails: MailServer, change: str
) -> None:
    session, start = await booked(house)
    async with await connected(house) as teller, await connected(house) as changer:
        await changer.execute(CHANGES[change], (session,))
        assert await remind(teller, start - HOUR) == 0, "it does not wait for the change"
        await teller.commit()
        await changer.commit()
        assert await remind(teller, start - HOUR) == 0
    assert await reminders_sent(house, mails, start - HOUR) == 0


async def test_who_dies_before_the_commit_has_told_nothing(house: House, mails: MailServer) -> None:
    _, start = await booked(house)
    teller = await connected(house)
    assert await remind(teller, start - HOUR) == 2
    async with await connected(house) as other:
        assert await remind(other, start - HOUR) == 0, "the first has them"
    await house.sql("select pg_terminate_backend(%s)", teller.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        await teller.execute("select 1")
    await teller.close()
    assert await reminders_sent(house, mails, start - HOUR) == 2
    assert await reminders_sent(house, mails, start - HOUR) == 0
