"""From a request to a session, and everything that can be answered on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from mentorkit import NoticeKind, RequestStatus, SessionStatus
from mentorkit.errors import (
    BadTransition,
    Invalid,
    MentorkitError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    ReasonRequired,
    RequestNotPending,
    SlotTaken,
    TimeInPast,
    WrongCredentials,
)
from tests.sdk.faces import Actor, Face


async def both(face: Face) -> tuple[Actor, Actor]:
    return await face.person("Sam"), await face.person("Maya", mentor=True)


async def test_an_approved_request_becomes_a_session_for_both(face: Face) -> None:
    student, mentor = await both(face)
    request = await face.request(student, mentor, description="The base case")
    assert request.status is RequestStatus.PENDING
    assert request.end_time - request.requested_time == timedelta(hours=1)
    assert [row.id for row in await mentor.client.requests.pending()] == [request.id]

    session = await mentor.client.requests.approve(request.id)

    assert session.request_id == request.id
    assert session.status is SessionStatus.SCHEDULED
    assert session.video_room_id is not None
    assert session.video_room_id.startswith("room-")
    assert await mentor.client.requests.pending() == []
    for somebody in (student, mentor):
        assert [row.id for row in await somebody.client.sessions.upcoming()] == [session.id]
    answered = await student.client.requests.get(request.id)
    assert (answered.status, answered.video_room_id) == ("approved", session.video_room_id)
    assert answered.description == "The base case"


async def test_a_request_and_its_session_say_who_the_two_are(face: Face) -> None:
    student, mentor = await both(face)
    request = await face.request(student, mentor)
    (pending,) = await mentor.client.requests.pending()
    assert (pending.student.id, pending.student.name) == (student.id, "Sam")
    assert (pending.student.rating, pending.student.rating_count) == (None, 0)
    (asked,) = await student.client.requests.list()
    assert (asked.mentor.name, asked.student.name) == ("Maya", "Sam")
    session = await mentor.client.requests.approve(request.id)
    assert (await mentor.client.sessions.get(session.id)).student.name == "Sam"
    assert (await student.client.sessions.upcoming())[0].mentor == asked.mentor


async def test_what_happened_can_be_read_by_the_two(face: Face) -> None:
    student, mentor = await both(face)
    stranger = await face.person("Eve", mentor=True)
    request = await face.request(student, mentor, requested_time=face.hour() + timedelta(days=3))
    session = await mentor.client.requests.approve(request.id)
    told = await student.client.requests.events(request.id)
    assert [event.actor_id for event in told][:2] == [student.id, mentor.id]
    assert [event.id for event in told] == sorted(event.id for event in told)
    assert {event.session_id for event in told} >= {session.id}
    of_session = await mentor.client.sessions.events(session.id)
    assert of_session
    assert await stranger.client.requests.events(request.id) == []
    assert await stranger.client.sessions.events(session.id) == []
    reminders = await mentor.client.sessions.reminders(session.id)
    assert reminders == sorted(reminders, key=lambda row: row.reminder_time)
    assert all(row.reminder_time < session.scheduled_time and not row.sent for row in reminders)
    assert len(reminders) == 3
    await student.client.rooms.record_arrival(session.video_room_id)


async def test_a_rejection_says_why(face: Face) -> None:
    student, mentor = await both(face)
    request = await face.request(student, mentor)
    with pytest.raises(ReasonRequired):
        await mentor.client.requests.reject(request.id, reason="  ")
    await mentor.client.requests.reject(request.id, reason="I travel that day.")
    answered = await student.client.requests.get(request.id)
    assert answered.status is RequestStatus.REJECTED
    assert answered.rejection_reason == "I travel that day."
    assert answered.responded_at is not None
    notices = await student.client.notifications.list(unread=True)
    assert [notice.kind for notice in notices] == [NoticeKind.REQUEST_REJECTED]


async def test_only_a_pending_request_is_answered(face: Face) -> None:
    student, mentor = await both(face)
    request = await face.request(student, mentor)
    withdrawn = await student.client.requests.withdraw(request.id)
    assert withdrawn.status is RequestStatus.CANCELLED
    for attempt in (
        mentor.client.requests.approve(request.id),
        mentor.client.requests.reject(request.id, reason="no"),
        student.client.requests.withdraw(request.id),
    ):
        with pytest.raises(RequestNotPending):
            await attempt


async def test_nobody_answers_for_the_mentor(face: Face) -> None:
    student, mentor = await both(face)
    stranger = await face.person("Eve", mentor=True)
    request = await face.request(student, mentor)
    for nosy in (student, stranger):
        with pytest.raises((NotFound, NotAllowed)):
            await nosy.client.requests.approve(request.id)
    with pytest.raises(NotFound):
        await stranger.client.requests.get(request.id)
    assert (await student.client.requests.get(request.id)).status is RequestStatus.PENDING


async def test_what_cannot_be_right_is_refused_with_its_code(face: Face) -> None:
    student, mentor = await both(face)
    with pytest.raises(TimeInPast):
        await face.request(student, mentor, requested_time=datetime(2020, 1, 1, 9, 0, tzinfo=UTC))
    for changes, code in (
        ({"duration": 31}, "bad_duration"),
        ({"title": " "}, "title_required"),
        ({"title": "x" * 5000}, "text_too_long"),
        ({"subject_id": uuid4()}, "unknown_subject"),
        ({"mentor_id": student.id}, "self_request"),
        ({"requested_time": face.hour() + timedelta(seconds=1)}, "time_not_on_minute"),
    ):
        with pytest.raises(Invalid) as refusal:
            await face.request(student, mentor, **changes)
        assert refusal.value.code == code, changes
    other = await face.person("Tom")
    with pytest.raises(Invalid) as refusal:
        await face.request(student, other)
    assert refusal.value.code == "not_a_mentor"


async def test_a_time_without_zone_never_leaves_the_house(face: Face) -> None:
    student, mentor = await both(face)
    with pytest.raises(ValueError, match="time zone"):
        await face.request(student, mentor, requested_time=datetime(2030, 1, 1, 9, 0))
    with pytest.raises(ValueError, match="UUID"):
        await student.client.requests.get("not an id")


async def test_an_hour_is_given_once(face: Face) -> None:
    student, mentor = await both(face)
    other = await face.person("Tom")
    when = face.hour()
    first = await face.request(student, mentor, requested_time=when)
    second = await face.request(other, mentor, requested_time=when)
    await mentor.client.requests.approve(first.id)
    declined = await other.client.requests.get(second.id)
    assert (declined.status, declined.rejection_code) == ("rejected", "slot_taken")
    with pytest.raises(SlotTaken):
        await face.request(other, mentor, requested_time=when)


async def test_a_create_with_the_same_key_is_one_request(face: Face) -> None:
    student, mentor = await both(face)
    when, key = face.hour(), str(uuid4())
    one = await face.request(student, mentor, requested_time=when, idempotency_key=key)
    same = await face.request(student, mentor, requested_time=when, idempotency_key=key)
    assert one == same
    assert len(await mentor.client.requests.pending()) == 1


async def test_a_cancelled_session_moves_to_history(face: Face) -> None:
    student, mentor = await both(face)
    request = await face.request(student, mentor)
    session = await mentor.client.requests.approve(request.id)
    cancelled = await student.client.sessions.cancel(session.id, reason="I am ill.")
    assert cancelled.status is SessionStatus.CANCELLED
    assert cancelled.cancelled_by == student.id
    assert await mentor.client.sessions.upcoming() == []
    past = await mentor.client.sessions.history()
    assert [(row.id, row.cancel_reason) for row in past] == [(session.id, "I am ill.")]
    with pytest.raises(BadTransition):
        await mentor.client.sessions.cancel(session.id, reason="me too")
    assert (await mentor.client.sessions.get(session.id)).status is SessionStatus.CANCELLED


async def test_notices_are_read_once(face: Face) -> None:
    student, mentor = await both(face)
    await face.request(student, mentor)
    (notice,) = await mentor.client.notifications.list(unread=True)
    assert notice.kind == NoticeKind.REQUEST_CREATED
    (read,) = await mentor.client.notifications.mark_read(notice.id)
    assert read.read_at is not None
    assert await mentor.client.notifications.mark_read(notice.id) == []
    assert await mentor.client.notifications.list(unread=True) == []


async def test_lists_go_through_every_row_once(face: Face) -> None:
    student, mentor = await both(face)
    made = [(await face.request(student, mentor)).id for _ in range(5)]
    first = await student.client.requests.list(role="student", limit=2)
    rest = await student.client.requests.list(role="student", limit=10, after=first[-1])
    assert [row.id for row in (*first, *rest)] == made[::-1]
    assert await student.client.requests.list(role="mentor") == []
    assert await student.client.requests.list(status="approved") == []
    pages = student.client.requests.each(page_size=2)
    if face.kind == "async":
        gone_through = [row.id async for row in pages]
    else:
        gone_through = [row.id for row in await pages]
    assert gone_through == made[::-1]
    with pytest.raises(ValueError, match="limit"):
        await student.client.requests.list(limit=0)


async def test_mentors_and_subjects_are_open_to_visitors(face: Face) -> None:
    mentor = await face.person("Maya", mentor=True)
    subject = (await mentor.client.subjects.list())[0]
    await mentor.client.subjects.teach(subject.id)
    await mentor.client.subjects.teach(subject.id)
    changed = await mentor.client.profiles.update(bio="Proofs", time_zone="Europe/Berlin")
    assert (changed.bio, changed.time_zone, changed.is_mentor) == ("Proofs", "Europe/Berlin", True)

    visitor = face.client()
    found = await visitor.mentors.get(mentor.id)
    assert (found.name, found.bio, found.total_sessions_taught) == ("Maya", "Proofs", 0)
    assert [taught.id for taught in found.subjects] == [subject.id]
    listed = await visitor.mentors.list(subject_id=subject.id, limit=1000)
    assert mentor.id in [row.id for row in listed]
    with pytest.raises(NotSignedIn):
        await visitor.requests.pending()
    await mentor.client.subjects.stop_teaching(subject.id)
    assert (await visitor.mentors.get(mentor.id)).subjects == ()


async def test_signing_up_in_and_out(face: Face) -> None:
    client = face.client()
    email = f"{uuid4().hex}@example.test"
    password = "correct horse battery"
    user = await client.auth.sign_up(
        email=email,
        password=password,
        name="Ada",
        mentor=True,
        time_zone="Asia/Tokyo",
    )
    profile = await client.profiles.get()
    assert (profile.id, profile.name, profile.is_mentor) == (user.id, "Ada", True)
    assert profile.time_zone == "Asia/Tokyo"
    await client.auth.sign_out()
    with pytest.raises(NotSignedIn):
        await client.requests.pending()
    with pytest.raises(WrongCredentials) as refusal:
        await client.auth.sign_in(email=email, password="something else")
    assert refusal.value.code == "invalid_credentials"
    with pytest.raises(MentorkitError) as again:
        await client.auth.sign_up(email=email, password=password)
    assert again.value.code == "user_already_exists"
    assert (await client.auth.sign_in(email=email, password=password)).id == user.id


async def test_what_has_no_method_can_be_called_all_the_same(face: Face) -> None:
    ada = await face.person("Ada")
    assert (await ada.client.call("schema_version", safe=True)).startswith("2026")
    assert await ada.client.call("create_calendar_feed")
    with pytest.raises(NotAllowed):
        await ada.client.call("timed_work")
