"""Uses all of the SDK; read by mypy --strict, never run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import assert_type
from uuid import UUID

from mentorkit import (
    Answered,
    AsyncMentorkit,
    AsyncRoom,
    AsyncService,
    AsyncWatch,
    Blocked,
    BookingTerms,
    Browser,
    Calendar,
    Channel,
    ConnectionStatus,
    DayHours,
    Delivery,
    DeliveryStatus,
    Event,
    FileStorage,
    Frequency,
    LiveOptions,
    Mentor,
    Mentorkit,
    MentorkitError,
    NoShow,
    Notice,
    NoticePreference,
    NoticeSettings,
    Occurrence,
    Overflow,
    Person,
    Profile,
    Proposal,
    Rating,
    Reminder,
    Request,
    RequestStatus,
    Retries,
    Role,
    RoomAccess,
    Scope,
    Series,
    Session,
    Slot,
    Subject,
    Suggestion,
    Template,
    User,
    Watch,
    Webhook,
    WebhookAttempt,
    WeeklyHours,
)

ID = UUID(int=1)
NOW = datetime.now(UTC)


async def whole(client: AsyncMentorkit) -> None:
    assert_type(await client.auth.sign_up(email="a", password="b", name="c", mentor=True), User)
    assert_type(await client.auth.sign_in(email="a", password="b"), User)
    assert_type(await client.auth.restore(), User | None)
    assert_type(await client.auth.access_token(), str)
    assert_type(await client.auth.user_id(), UUID)
    assert_type(client.auth.user, User | None)
    await client.auth.sign_out(everywhere=True)

    assert_type(await client.mentors.list(subject_id=ID, limit=5, offset=5), list[Mentor])
    assert_type(await client.mentors.get(ID), Mentor)
    assert_type(await client.subjects.list(), list[Subject])
    await client.subjects.teach(ID, str(ID))
    await client.subjects.stop_teaching(ID)
    assert_type(await client.profiles.get(), Profile)
    assert_type(await client.profiles.update(bio="x", time_zone="UTC"), Profile)

    request = await client.requests.create(
        mentor_id=ID, subject_id=ID, title="t", requested_time=NOW, duration=30
    )
    assert_type(request, Request)
    assert_type(request.status, RequestStatus)
    assert_type(await client.requests.approve(ID), Session)
    assert_type(await client.requests.reject(ID, reason="r"), Request)
    assert_type(await client.requests.approve_many(ID, ID), list[Answered])
    assert_type(await client.requests.reject_many(ID, reason="r"), list[Answered])
    assert_type(await client.requests.withdraw(ID), Request)
    assert_type(await client.requests.get(ID), Request)
    assert_type(await client.requests.events(ID), list[Event])
    assert_type(await client.requests.pending(limit=3), list[Request])
    assert_type(request.student, Person | None)
    listed = await client.requests.list(role=Role.MENTOR, status="pending", after=request)
    assert_type(listed, list[Request])
    async for one in client.requests.each(role="student"):
        assert_type(one, Request)
    watch = client.requests.watch(role=Role.STUDENT, timeout=1, overflow=Overflow.RAISE)
    assert_type(watch, AsyncWatch[Request])
    async with watch:
        async for row in watch:
            assert_type(row, Request)
        assert_type(await watch.next(timeout=1), Request)
        await watch.each(print)

    assert_type(await client.sessions.upcoming(role="mentor"), list[Session])
    assert_type(await client.sessions.history(limit=3), list[Session])
    async for session in client.sessions.each_past():
        assert_type(session, Session)
    assert_type(await client.sessions.get(ID), Session)
    assert_type(await client.sessions.events(ID), list[Event])
    assert_type(await client.sessions.reminders(ID), list[Reminder])
    assert_type(await client.sessions.cancel(ID, reason="r"), Session)
    assert_type(await client.sessions.start(ID), Session)
    assert_type(await client.sessions.complete(ID), Session)
    assert_type(await client.sessions.mark_no_show(ID, side=NoShow.BOTH), Session)
    assert_type(await client.sessions.write_notes(ID, before="b"), Session)
    assert_type(await client.sessions.rate(ID, rating=5), Rating)
    assert_type(await client.sessions.ratings(ID), list[Rating])
    assert_type(await client.sessions.reschedule(ID, scheduled_time=NOW), Proposal)
    assert_type(await client.sessions.proposals(ID), list[Proposal])
    assert_type(await client.sessions.accept_reschedule(ID), Session)
    assert_type(await client.sessions.decline_reschedule(ID, reason="r"), Proposal)
    assert_type(await client.sessions.withdraw_reschedule(ID), Proposal)
    assert_type(client.sessions.watch(), AsyncWatch[Session])

    assert_type(await client.notifications.list(unread=True), list[Notice])
    async for notice in client.notifications.each():
        assert_type(notice, Notice)
    assert_type(await client.notifications.mark_read(ID), list[Notice])
    assert_type(client.notifications.watch(buffer=5), AsyncWatch[Notice])

    settings = await client.notice_settings.get()
    assert_type(await client.notice_settings.set(settings), NoticeSettings)
    chosen = await client.notice_settings.prefer("rating_open", channel="mail", enabled=False)
    assert_type(chosen, NoticePreference)
    assert_type(await client.notice_settings.preferences(), list[NoticePreference])
    await client.notice_settings.forget("rating_open", channel=Channel.PUSH)

    made_webhook = await client.webhooks.create(url="https://x", kinds=["request_created"])
    assert_type(made_webhook, Webhook)
    assert_type(await client.webhooks.list(), list[Webhook])
    assert_type(await client.webhooks.get(ID), Webhook)
    assert_type(await client.webhooks.update(ID, enabled=True), Webhook)
    assert_type(await client.webhooks.rotate_secret(ID), str)
    sent = await client.webhooks.deliveries(ID, status=DeliveryStatus.DEAD)
    assert_type(sent, list[Delivery])
    assert_type(await client.webhooks.attempts(ID), list[WebhookAttempt])
    await client.webhooks.replay(ID)
    await client.webhooks.delete(ID)

    calendar = await client.calendars.create()
    assert_type(calendar, Calendar)
    assert_type(calendar.address("https://f"), str)
    assert_type(await client.calendars.list(), list[Calendar])
    await client.calendars.revoke(ID)
    assert_type(await client.browsers.subscribe(endpoint="e", p256dh="p", auth="a"), UUID)
    assert_type(await client.browsers.list(), list[Browser])
    await client.browsers.unsubscribe(ID)

    assert_type(await client.availability.week(), list[WeeklyHours])
    hours = [WeeklyHours(1, time(9), time(12))]
    assert_type(await client.availability.set_week(hours), list[WeeklyHours])
    assert_type(await client.availability.days(since=date.today()), list[DayHours])
    assert_type(await client.availability.set_day(date.today()), list[DayHours])
    await client.availability.clear_day(date.today())
    assert_type(await client.availability.terms(), BookingTerms)
    assert_type(await client.availability.set_terms(BookingTerms()), BookingTerms)
    found = await client.slots.search(ID, from_time=NOW, to_time=NOW, duration=30)
    assert_type(found, list[Slot])
    best = await client.slots.suggest(subject_id=ID, from_time=NOW, to_time=NOW, duration=30)
    assert_type(best, list[Suggestion])
    assert_type(await client.slots.explain(ID, on_date=date.today()), list[Blocked])

    assert_type(await client.templates.list(ID), list[Template])
    made = await client.templates.create(subject_id=ID, title="t", duration=30)
    assert_type(made, Template)
    assert_type(await client.templates.offer(ID, is_offered=False), Template)
    assert_type(await client.templates.request(ID, requested_time=NOW), Request)
    await client.templates.delete(ID)

    dates = await client.series.preview(
        mentor_id=ID, first_time=NOW, frequency=Frequency.WEEKLY, time_zone="UTC", duration=30
    )
    assert_type(dates, list[Occurrence])
    series = await client.series.request(
        mentor_id=ID, subject_id=ID, title="t", first_time=NOW, frequency="weekly",
        time_zone="UTC", duration=30, occurrences=3, skip=[1],
    )  # fmt: skip
    assert_type(series, Series)
    assert_type(await client.series.approve(ID, skip=[1], skip_reason="r"), list[Session])
    assert_type(await client.series.list(), list[Series])
    assert_type(await client.series.get(ID), Series)
    assert_type(await client.series.reject(ID, reason="r"), list[Request])
    assert_type(await client.series.withdraw(ID), list[Request])
    assert_type(await client.series.cancel(ID, scope=Scope.ALL, reason="r"), list[Session])

    local = NOW.replace(tzinfo=None)
    together = await client.series.reschedule(ID, scope="all", new_time=local)
    assert_type(together, list[Proposal])
    assert_type(await client.series.accept_reschedule(ID), list[Session])
    assert_type(await client.series.decline_reschedule(ID, reason="r"), list[Proposal])

    assert_type(await client.rooms.access("room-a3b5c7d9"), RoomAccess)
    await client.rooms.record_arrival("room-a3b5c7d9")
    room = await client.rooms.join("room-a3b5c7d9", signaling_url="https://s")
    assert_type(room, AsyncRoom)
    await room.signal("peer", description={"type": "offer", "sdp": ""})

    assert_type(client.connection.status, ConnectionStatus)
    assert_type(client.connection.last_fault, MentorkitError | None)
    stop = client.connection.on_change(lambda status: print(status.value))
    stop()


async def making() -> None:
    options = LiveOptions(heartbeat=10)
    storage = FileStorage("~/session.json")
    async with AsyncMentorkit("u", "k", storage=storage, live=options, retries=Retries()) as app:
        async with app.as_user("token") as user:
            assert_type(user, AsyncMentorkit)
        await whole(app)
    async with AsyncService("u", "sb_secret_k") as service:
        assert_type(await service.timed_work(now=NOW), dict[str, int])
        assert_type(await service.dead_deliveries(max_items=5), list[Delivery])
        await service.revive_delivery(ID)


def plain() -> None:
    with Mentorkit("u", "k", access_token=lambda: "token") as kit:
        assert_type(kit.requests.pending(), list[Request])
        for row in kit.requests.watch(timeout=1):
            assert_type(row, Request)
        assert_type(kit.sessions.watch(), Watch[Session])
        for each in kit.requests.each():
            assert_type(each, Request)
