"""Notices reach people as mail, through a real mail server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar

from functions.context import system_clock
from tests.functions.house import House
from tests.functions.receivers import MailServer, calendar_of, links_in
from tests.functions.serving import SCHEDULER, serve
from tests.functions.test_calendar_file import imported
from tests.support.people import sign_up


def status_of(file: bytes | None) -> tuple[str, str, int, str]:
    assert file is not None
    calendar = Calendar.from_ical(file)
    (event,) = calendar.walk("VEVENT")
    sequence = int(str(event["SEQUENCE"]))
    return str(calendar["METHOD"]), str(event["STATUS"]), sequence, str(event["UID"])


async def test_from_request_to_cancelled_session(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada Lovelace")
    mentor = await sign_up(house.stack, "Grace Höpper", mentor=True)
    async with serve(house, smtp_url=mails.url) as functions:
        request = await house.ask(student, mentor, ahead=timedelta(days=2))
        report = await functions.deliver()
        assert (report.claimed, report.sent) == (1, 1)
        session = await house.rpc(mentor, "approve_request", request_id=request)
        assert (await functions.deliver()).sent == 2
        await house.rpc(student, "cancel_session", session_id=session["id"], reason="I am ill.")
        assert (await functions.deliver()).sent == 2
    asked = mails.received[0]
    assert asked["To"] == f"Grace Höpper <{mentor.email}>"
    assert asked["Subject"] == "Ada Lovelace asks for a session: Algebra"
    assert asked["Reply-To"] == "help@example.test"
    assert asked["Auto-Submitted"] == "auto-generated"
    subjects = {str(mail["Subject"]) for mail in mails.received[1:]}
    assert subjects == {
        "Approved: Algebra with Grace Höpper",
        "In your calendar: Algebra with Ada Lovelace",
        "Cancelled: Algebra with Ada Lovelace",
        "Cancelled: Algebra with Grace Höpper",
    }
    # The mentor's calendar gets three versions of one event, the student's two.
    versions = [status_of(calendar_of(mail)) for mail in mails.sent_to(mentor.email)]
    assert [version[:3] for version in versions] == [
        ("REQUEST", "TENTATIVE", 0),
        ("REQUEST", "CONFIRMED", 1),
        ("CANCEL", "CANCELLED", 2),
    ]
    for mail in mails.sent_to(student.email):
        versions.append(status_of(calendar_of(mail)))
    assert {version[3] for version in versions} == {f"{request}@mentorkit"}
    told = mails.sent_to(mentor.email)[-1].get_body(("plain",))
    assert told is not None
    assert "I am ill." in told.get_content()
    for mail in mails.received:
        (person,) = {student.email, mentor.email} - {str(mail["To"].addresses[0].addr_spec)}
        assert person not in str(mail), "nobody learns the other's address"


async def test_a_moved_session_of_a_series_moves_that_occurrence(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    first = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    series = await house.rpc(
        student, "request_series",
        mentor_id=mentor.id, subject_id=house.subject, title="Course", frequency="weekly",
        first_time=f"{first + timedelta(days=2):%Y-%m-%dT%H:%M}", time_zone="Europe/Berlin",
        duration=60, occurrences=3,
    )  # fmt: skip
    sessions = await house.rpc(mentor, "approve_series", series_id=series["id"])
    async with serve(house, smtp_url=mails.url) as functions:
        await functions.deliver()
        await house.sql(
            "update public.sessions set scheduled_time = scheduled_time + interval '1 day', "
            "end_time = end_time + interval '1 day' where id = %s",
            sessions[1]["id"],
        )
        await functions.deliver()
    files = [calendar_of(mail) for mail in mails.sent_to(student.email)]
    found = imported(*(file for file in files if file is not None))
    assert {uid for uid, _ in found} == {f"{series['id']}@mentorkit"}
    assert len(found) == 3
    planned = datetime.fromisoformat(sessions[1]["scheduled_time"])
    moved = found[f"{series['id']}@mentorkit", planned]
    assert moved["DTSTART"].dt.astimezone(UTC) == planned + timedelta(days=1)


async def test_letters_are_in_the_readers_language_and_zone(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.insert(mentor, "notification_settings", {"user_id": mentor.id, "locale": "de-AT"})
    await house.sql(
        "update public.profiles set time_zone = 'Asia/Kolkata' where id = %s", mentor.id
    )
    async with serve(house, smtp_url=mails.url) as functions:
        request = await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
    (mail,) = mails.received
    assert mail["Subject"] == "Ada fragt nach einem Termin: Algebra"
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    (row,) = await house.sql(
        "select requested_time from public.session_requests where id = %s", request
    )
    local = row[0].astimezone(ZoneInfo("Asia/Kolkata"))
    for body in (text.get_content(), html.get_content()):
        assert f"{local:%H:%M} bis" in body
        assert "Uhr (Asia/Kolkata)" in body


async def test_what_people_write_stays_text(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "<script>alert(1)</script>")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house, smtp_url=mails.url) as functions:
        title = "{{ 7 * 7 }} {title} <b>bold</b>\r\nBcc: all@example.test"
        await house.ask(student, mentor, ahead=timedelta(days=2), title=title)
        await functions.deliver()
    (mail,) = mails.received
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "<b>" not in html.get_content()
    assert mail["Bcc"] is None
    assert "{{ 7 * 7 }} {title}" in str(mail["Subject"])


async def test_a_person_chooses_what_comes_by_mail(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    preference = {"user_id": mentor.id, "kind": "request_created", "channel": "mail"}
    await house.insert(mentor, "notification_preferences", preference | {"enabled": False})
    async with serve(house, smtp_url=mails.url) as functions:
        await house.ask(student, mentor, ahead=timedelta(days=2))
        assert (await functions.deliver()).claimed == 0
        await house.insert(mentor, "notification_preferences", preference | {"enabled": True})
        await house.ask(student, mentor, ahead=timedelta(days=3))
        # Off again before it goes out: what counts is what the person wants now.
        await house.insert(mentor, "notification_preferences", preference | {"enabled": False})
        assert (await functions.deliver()).skipped == 1
    assert mails.received == []


async def test_one_click_in_the_mail_program_ends_mails_of_a_kind(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house, smtp_url=mails.url) as functions:
        await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
        link = str(mails.received[0]["List-Unsubscribe"]).strip("<>")
        assert mails.received[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        shown = await functions.http.get(link)
        assert shown.status_code == 200
        await house.ask(student, mentor, ahead=timedelta(days=3))
        assert (await functions.deliver()).sent == 1, "looking at the page changes nothing"
        done = await functions.http.post(link, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        await house.ask(student, mentor, ahead=timedelta(days=4))
        assert (await functions.deliver()).sent == 0


async def test_quiet_hours_hold_mail_until_they_end(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    now = system_clock()
    quiet = {
        "user_id": mentor.id,
        "quiet_from": f"{now - timedelta(hours=2):%H:%M}",
        "quiet_until": f"{now + timedelta(hours=2):%H:%M}",
    }
    await house.insert(mentor, "notification_settings", quiet)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    async with serve(house, smtp_url=mails.url) as functions:
        assert (await functions.deliver()).deferred == 1
        assert (await functions.deliver()).claimed == 0
        # What happens before the quiet ends may wake.
        await house.ask(student, mentor, ahead=timedelta(hours=1))
        assert (await functions.deliver()).sent == 1
    async with serve(
        house, smtp_url=mails.url, clock=lambda: now + timedelta(hours=2)
    ) as functions:
        assert (await functions.deliver()).sent == 1


async def test_an_address_that_bounces_stops_nobody_else(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    gone, here = [await sign_up(house.stack, name, mentor=True) for name in ("Gone", "Here")]
    mails.refuse[gone.email] = "550 5.1.1 no such mailbox"
    async with serve(house, smtp_url=mails.url) as functions:
        await house.ask(student, gone, ahead=timedelta(days=2))
        await house.ask(student, here, ahead=timedelta(days=3))
        report = await functions.deliver()
        assert (report.sent, report.dead) == (1, 1)
        await house.ask(student, gone, ahead=timedelta(days=4))
        assert (await functions.deliver()).dead == 1, "the address is not tried again"
        listed = await functions.http.get("/deliver/dead", headers=SCHEDULER)
        dead = [one for one in listed.json()["deliveries"] if one["recipient_id"] == gone.id]
        assert [one["outcome"] for one in dead] == [
            "bounced: 550 5.1.1 no such mailbox",
            "550 5.1.1 no such mailbox",
        ]
        mails.refuse.clear()
        revived = await functions.http.post(f"/deliver/dead/{dead[0]['id']}", headers=SCHEDULER)
        assert revived.status_code == 200
        assert (await functions.deliver()).sent == 1
    assert len(mails.sent_to(here.email)) == 1
    assert len(mails.sent_to(gone.email)) == 1


async def test_a_failure_that_passes_is_tried_again_later(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    now = [datetime.now(UTC)]
    mails.fail_data = ["451 4.3.0 come back later", "451 4.3.0 come back later"]
    async with serve(house, smtp_url=mails.url, clock=lambda: now[0]) as functions:
        assert (await functions.deliver()).retried == 1
        assert (await functions.deliver()).claimed == 0, "not before its time"
        now[0] += timedelta(seconds=12)
        assert (await functions.deliver()).retried == 1
        now[0] += timedelta(minutes=2)
        assert (await functions.deliver()).sent == 1
    assert len(mails.received) == 1


async def test_a_mail_server_that_is_away_loses_nothing(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    async with serve(house, smtp_url="smtp://127.0.0.1:1") as functions:
        assert (await functions.deliver()).retried == 1
    later = datetime.now(UTC) + timedelta(minutes=1)
    async with serve(house, smtp_url=mails.url, clock=lambda: later) as functions:
        assert (await functions.deliver()).sent == 1


async def test_what_is_no_longer_true_is_not_sent(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    request = await house.ask(student, mentor, ahead=timedelta(days=2))
    await house.rpc(student, "withdraw_request", request_id=request)
    async with serve(house, smtp_url=mails.url) as functions:
        report = await functions.deliver()
    assert (report.skipped, report.sent) == (1, 1)
    assert [str(mail["X-Mentorkit-Kind"]) for mail in mails.received] == ["request_withdrawn"]


async def test_a_mail_holds_links_for_its_reader(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    async with serve(house, smtp_url=mails.url) as functions:
        await functions.deliver()
    links = list(links_in(mails.received[0]))
    assert any("/answer/" in link and link.endswith("answer=approve") for link in links)
    assert any("/unsubscribe/" in link for link in links)
    assert "https://app.example.test" in links
