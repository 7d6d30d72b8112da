"""Reminders come as long before a session as a person wants, and never for one that is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.functions.house import House
from tests.functions.receivers import MailServer
from tests.functions.serving import SCHEDULER, Functions, serve
from tests.support.people import Person, sign_up


async def planned(house: House, session: dict[str, Any], person: Person) -> list[int]:
    """Minutes before the start of a session at which a person will be reminded."""
    rows = await house.sql(
        "select extract(epoch from s.scheduled_time - r.reminder_time)::int / 60 "
        "from public.session_reminders as r join public.sessions as s on s.id = r.session_id "
        "where r.session_id = %s and r.recipient_id = %s and r.closed_at is null order by 1",
        session["id"],
        person.id,
    )
    return [row[0] for row in rows]


async def work(functions: Functions) -> dict[str, Any]:
    answer = await functions.http.post("/timed-work", headers=SCHEDULER)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_a_late_booking_gets_what_is_still_ahead(house: House) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    for ahead, expected in (
        (timedelta(days=3), [10, 60, 1440]),
        (timedelta(hours=5), [10, 60]),
        (timedelta(minutes=40), [10]),
        (timedelta(minutes=5), []),
    ):
        session = await house.book(student, mentor, ahead=ahead + timedelta(minutes=1))
        assert await planned(house, session, student) == expected
        assert await planned(house, session, mentor) == expected
        await house.rpc(student, "cancel_session", session_id=session["id"], reason="Next.")


async def test_a_person_chooses_also_for_what_is_booked(house: House) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    session = await house.book(student, mentor, ahead=timedelta(days=3))
    settings: dict[str, Any] = {"user_id": student.id, "reminder_minutes": [30, 2880]}
    await house.insert(student, "notification_settings", settings)
    assert await planned(house, session, student) == [30, 2880]
    assert await planned(house, session, mentor) == [10, 60, 1440]
    await house.insert(student, "notification_settings", settings | {"reminder_minutes": []})
    assert await planned(house, session, student) == []
    await house.insert(student, "notification_settings", settings | {"reminder_minutes": None})
    assert await planned(house, session, student) == [10, 60, 1440]


async def test_each_reminder_is_told_once(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    session = await house.book(student, mentor, ahead=timedelta(days=3))
    start = datetime.fromisoformat(session["scheduled_time"])
    now = [datetime.now(UTC)]
    async with serve(house, smtp_url=mails.url, clock=lambda: now[0]) as functions:
        await work(functions)
        told = len(mails.received)
        for before in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=10)):
            now[0] = start - before
            assert (await work(functions))["database"]["reminded"] == 2
            assert (await work(functions))["database"]["reminded"] == 0
    subjects = [str(mail["Subject"]) for mail in mails.received[told:]]
    assert sorted(subjects) == sorted(
        f"{ahead}: Algebra with {other}"
        for ahead in ("In one day", "In one hour", "In 10 minutes")
        for other in ("Ada", "Grace")
    )


async def test_cancelled_and_moved_sessions(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    off = await house.book(student, mentor, ahead=timedelta(days=3), title="Off")
    moved = await house.book(student, mentor, ahead=timedelta(days=4), title="Moved")
    await house.rpc(mentor, "cancel_session", session_id=off["id"], reason="I am ill.")
    await house.sql(
        "update public.sessions set scheduled_time = scheduled_time + interval '5 days', "
        "end_time = end_time + interval '5 days' where id = %s",
        moved["id"],
    )
    assert await planned(house, off, student) == []
    assert await planned(house, moved, student) == [10, 60, 1440]
    start = datetime.fromisoformat(moved["scheduled_time"])
    async with serve(house, smtp_url=mails.url, clock=lambda: start) as functions:
        await work(functions)
    kinds = [str(mail["X-Mentorkit-Kind"]) for mail in mails.received]
    assert "session_reminder" not in kinds
    assert "session_rescheduled" in kinds
    text = next(
        mail.get_body(("plain",))
        for mail in mails.received
        if mail["X-Mentorkit-Kind"] == "session_rescheduled"
    )
    assert text is not None
    assert "Before: " in text.get_content()


async def test_cancelled_between_reminding_and_sending(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    session = await house.book(student, mentor, ahead=timedelta(days=3))
    now = datetime.fromisoformat(session["scheduled_time"]) - timedelta(hours=1)
    async with serve(house, smtp_url=mails.url, clock=lambda: now) as functions:
        await functions.context.supabase.as_service("timed_work", now=now.isoformat())
        await house.rpc(student, "cancel_session", session_id=session["id"], reason="Ill.")
        await work(functions)
    assert "session_reminder" not in {str(mail["X-Mentorkit-Kind"]) for mail in mails.received}


async def test_a_scheduler_that_slept_tells_the_nearest_only(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    session = await house.book(student, mentor, ahead=timedelta(days=3))
    now = datetime.fromisoformat(session["scheduled_time"]) - timedelta(minutes=8)
    async with serve(house, smtp_url=mails.url, clock=lambda: now) as functions:
        assert (await work(functions))["database"]["reminded"] == 2
    reminders = [m for m in mails.received if m["X-Mentorkit-Kind"] == "session_reminder"]
    assert {str(mail["Subject"])[:13] for mail in reminders} == {"In 8 minutes:"}


async def test_nobody_but_the_scheduler(house: House) -> None:
    student = await sign_up(house.stack, "Ada")
    async with serve(house) as functions:
        for path in ("/timed-work", "/deliver"):
            tries: list[dict[str, Any]] = [
                {},
                {"authorization": "Bearer wrong"},
                {"authorization": f"Bearer {student.access_token}"},
                {"authorization": SCHEDULER["authorization"].replace("Bearer", "Basic")},
                {"authorization": "Bearer \u00e9".encode()},
            ]
            for headers in tries:
                answer = await functions.http.post(path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "wrong_secret")
