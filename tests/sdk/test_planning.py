"""Free time and what is planned in it, through both faces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mentorkit import (
    BookingTerms,
    Frequency,
    PendingPolicy,
    ProposalStatus,
    Scope,
    SessionStatus,
    WeeklyHours,
)
from mentorkit.errors import Conflict, Invalid, NotFound, OutsideHours, SlotTaken
from tests.sdk.faces import Actor, Face

BERLIN = ZoneInfo("Europe/Berlin")


def monday() -> datetime:
    """Nine in the morning of a Monday in Berlin, next week or the one after."""
    today = datetime.now(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


async def mentor_of_mondays(face: Face, **terms: Any) -> Actor:
    mentor = await face.person("Maya", mentor=True)
    await mentor.client.availability.set_terms(BookingTerms(time_zone="Europe/Berlin", **terms))
    await mentor.client.availability.set_week([WeeklyHours(1, time(9), time(12))])
    return mentor


async def test_hours_of_the_week_and_of_a_day(face: Face) -> None:
    mentor = await mentor_of_mondays(face)
    hours = mentor.client.availability
    await hours.set_week([WeeklyHours(1, time(9), time(12)), WeeklyHours(5, time(22), time.max)])
    week = await hours.week()
    assert [(row.weekday, row.start_time, row.end_time) for row in week] == [
        (1, time(9), time(12)),
        (5, time(22), time.max),
    ]
    date = monday().date()
    (closed,) = await hours.set_day(date)
    assert (closed.start_time, closed.end_time) == (None, None)
    (opened,) = await hours.set_day(date, [(time(14), time(15))])
    assert opened.start_time == time(14)
    assert len(await hours.days()) == 1
    await hours.clear_day(date)
    assert await hours.days() == []
    terms = await hours.set_terms(
        replace(await hours.terms(), step_minutes=60, pending_policy=PendingPolicy.HOLD)
    )
    assert terms == await hours.terms()
    assert (terms.time_zone, terms.step_minutes, terms.pending_policy) == (
        "Europe/Berlin",
        60,
        "hold",
    )


async def test_what_is_offered_can_be_booked_and_nothing_else(face: Face) -> None:
    student, mentor = await face.person("Sam"), await mentor_of_mondays(face)
    start = monday()
    search = {"from_time": start, "to_time": start + timedelta(hours=12), "duration": 60}
    slots = await student.client.slots.search(mentor.id, **search)
    assert [slot.starts_at for slot in slots] == [
        start + timedelta(minutes=minutes) for minutes in (0, 30, 60, 90, 120)
    ]
    request = await face.request(student, mentor, requested_time=slots[0].starts_at)
    await mentor.client.requests.approve(request.id)
    left = await student.client.slots.search(mentor.id, **search)
    assert [slot.starts_at for slot in left] == [
        start + timedelta(minutes=minutes) for minutes in (60, 90, 120)
    ]
    blocked = await student.client.slots.explain(mentor.id, on_date=start.date(), duration=60)
    assert {"closed", "booked"} <= {stretch.reason for stretch in blocked}
    with pytest.raises(OutsideHours):
        await face.request(student, mentor, requested_time=start + timedelta(hours=8))


async def test_slots_are_suggested_among_mentors(face: Face) -> None:
    student, mentor = await face.person("Sam"), await mentor_of_mondays(face)
    subject = (await student.client.subjects.list())[-1]
    await mentor.client.subjects.teach(subject.id)
    start = monday()
    found = await student.client.slots.suggest(
        subject_id=subject.id,
        from_time=start,
        to_time=start + timedelta(days=1),
        duration=30,
        preferred_from=time(9),
        preferred_to=time(10),
        time_zone="Europe/Berlin",
        limit=50,
    )
    assert found
    assert found[0].preferred is True
    with pytest.raises(ValueError, match="time zone"):
        await student.client.slots.suggest(
            subject_id=subject.id, from_time=datetime(2030, 1, 1), to_time=start, duration=30
        )


async def test_many_requests_are_answered_at_once(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    when = face.hour()
    first = await face.request(student, mentor, requested_time=when)
    second = await face.request(student, mentor)
    other = await face.person("Tom")
    clash = await face.request(other, mentor, requested_time=when)
    answers = await mentor.client.requests.approve_many(first.id, second.id, clash.id)
    assert [(row.request_id, row.ok) for row in answers] == [
        (first.id, True),
        (second.id, True),
        (clash.id, False),
    ]
    assert answers[0].session is not None
    assert answers[2].code is not None
    third = await face.request(other, mentor)
    (answer,) = await mentor.client.requests.reject_many(third.id, reason="I am away.")
    assert answer.ok
    assert (await other.client.requests.get(third.id)).rejection_reason == "I am away."


async def agreed(face: Face) -> tuple[Actor, Actor, Any]:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    request = await face.request(student, mentor)
    return student, mentor, await mentor.client.requests.approve(request.id)


async def test_a_session_moves_when_both_want_it(face: Face) -> None:
    student, mentor, session = await agreed(face)
    later = session.scheduled_time + timedelta(days=3)
    proposal = await student.client.sessions.reschedule(
        session.id, scheduled_time=later, message="A day trip came up."
    )
    assert proposal.status is ProposalStatus.PENDING
    assert (await student.client.sessions.get(session.id)).scheduled_time != later
    moved = await mentor.client.sessions.accept_reschedule(proposal.id)
    assert moved.scheduled_time == later
    with pytest.raises(Conflict):
        await mentor.client.sessions.decline_reschedule(proposal.id)
    again = await mentor.client.sessions.reschedule(
        session.id, scheduled_time=later + timedelta(days=1)
    )
    declined = await student.client.sessions.decline_reschedule(again.id, reason="No.")
    assert (declined.status, declined.reason) == ("declined", "No.")
    third = await mentor.client.sessions.reschedule(
        session.id, scheduled_time=later + timedelta(days=2)
    )
    assert (await mentor.client.sessions.withdraw_reschedule(third.id)).status == "withdrawn"
    listed = await student.client.sessions.proposals(session.id)
    assert [row.status for row in listed] == ["withdrawn", "declined", "accepted"]


async def test_notes_and_ratings_belong_to_their_time(face: Face) -> None:
    student, mentor, session = await agreed(face)
    noted = await student.client.sessions.write_notes(session.id, before="Page 12, please.")
    assert noted.pre_session_notes == "Page 12, please."
    with pytest.raises(Conflict):
        await student.client.sessions.rate(session.id, rating=5)
    with pytest.raises(Conflict):
        await mentor.client.sessions.write_notes(session.id, after="Too early.")
    assert await student.client.sessions.ratings(session.id) == []


async def test_a_mentor_offers_types_of_sessions(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    subject = (await mentor.client.subjects.list())[0]
    offered = await mentor.client.templates.create(
        subject_id=subject.id, title="First meeting", duration=30
    )
    with pytest.raises(Conflict):
        await mentor.client.templates.create(
            subject_id=subject.id, title="First meeting", duration=60
        )
    assert await student.client.templates.list(mentor.id) == [offered]
    request = await student.client.templates.request(offered.id, requested_time=face.hour())
    assert (request.title, request.duration) == ("First meeting", 30)
    assert not (await mentor.client.templates.offer(offered.id, is_offered=False)).is_offered
    assert await student.client.templates.list(mentor.id) == []
    with pytest.raises(NotFound):
        await student.client.templates.request(offered.id, requested_time=face.hour())
    unused = await mentor.client.templates.create(subject_id=subject.id, title="Exam", duration=120)
    await mentor.client.templates.delete(unused.id)
    assert [row.title for row in await mentor.client.templates.list()] == ["First meeting"]


async def test_a_series_is_asked_for_and_answered_as_one(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    subject = (await student.client.subjects.list())[0]
    rule: dict[str, Any] = {
        "mentor_id": mentor.id,
        "first_time": monday().replace(tzinfo=None),
        "frequency": Frequency.WEEKLY,
        "time_zone": "Europe/Berlin",
        "duration": 60,
        "occurrences": 3,
    }
    dates = await student.client.series.preview(**rule)
    assert [(row.starts_at, row.is_free) for row in dates] == [
        (monday() + timedelta(weeks=week), True) for week in range(3)
    ]
    series = await student.client.series.request(subject_id=subject.id, title="Weekly", **rule)
    assert (series.occurrences, series.frequency) == (3, "weekly")
    assert await mentor.client.series.list() == [await student.client.series.get(series.id)]
    sessions = await mentor.client.series.approve(series.id)
    assert len(sessions) == 3
    with pytest.raises((Conflict, SlotTaken)):
        await student.client.series.request(subject_id=subject.id, title="Again", **rule)
    later = monday().replace(tzinfo=None) + timedelta(hours=2)
    proposed = await student.client.series.reschedule(
        sessions[0].id, scope=Scope.ALL, new_time=later
    )
    batch = {row.batch_id for row in proposed}
    assert (len(proposed), len(batch)) == (3, 1)
    moved = await mentor.client.series.accept_reschedule(batch.pop())
    assert {row.scheduled_time.astimezone(BERLIN).hour for row in moved} == {11}
    (one,) = await mentor.client.series.reschedule(
        sessions[2].id, scope="this", new_time=later + timedelta(weeks=2, hours=1)
    )
    (declined,) = await student.client.series.decline_reschedule(one.batch_id, reason="No.")
    assert declined.status is ProposalStatus.DECLINED
    last = await student.client.series.cancel(
        sessions[1].id, scope=Scope.FOLLOWING, reason="Holidays"
    )
    assert [row.status for row in last] == [SessionStatus.CANCELLED] * 2
    with pytest.raises(ValueError, match="offset"):
        await student.client.series.preview(**{**rule, "first_time": datetime.now(UTC)})
    with pytest.raises(Invalid):
        await student.client.series.preview(**{**rule, "time_zone": "Mars/Base"})
