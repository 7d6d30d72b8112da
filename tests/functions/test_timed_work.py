"""Timed work when a part of it fails in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.functions.house import House
from tests.functions.receivers import MailServer
from tests.functions.serving import SCHEDULER, serve
from tests.support.people import sign_up

RULE = """
create function private.never_starts() returns trigger language plpgsql as $$
begin
    raise exception 'not on a Sunday';
end
$$;
create trigger never_starts before update on public.sessions
    for each row when (new.status = 'ongoing') execute function private.never_starts();
"""


async def test_one_kind_that_fails_keeps_nothing_else_from_being_done(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    early = await house.book(student, mentor, ahead=timedelta(days=2), title="Early")
    late = await house.book(student, mentor, ahead=timedelta(days=2, hours=2), title="Late")
    now = datetime.fromisoformat(late["scheduled_time"]) - timedelta(hours=1)
    assert datetime.fromisoformat(early["scheduled_time"]) < now
    await house.sql(RULE)
    try:
        async with serve(house, smtp_url=mails.url, clock=lambda: now) as functions:
            answer = await functions.http.post("/timed-work", headers=SCHEDULER)
    finally:
        await house.sql("drop function private.never_starts() cascade")
    done = answer.json()
    assert answer.status_code == 200, done
    assert done["failed"] == {"started": "not on a Sunday"}
    assert done["database"]["started"] == 0
    assert done["database"]["reminded"] == 2
    reminders = [mail for mail in mails.received if mail["X-Mentorkit-Kind"] == "session_reminder"]
    assert len(reminders) == 2
