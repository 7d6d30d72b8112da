"""Watching: what is there, then what comes, once each and in order."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import psycopg
import pytest

from mentorkit import ConnectionStatus, LiveOptions, NoticeKind, Overflow, Request, Retries, Via
from mentorkit.errors import Closed, NotSignedIn, TooSlow
from tests.sdk.cutting import Wire
from tests.sdk.faces import Face
from tests.sdk.noticing import write_notices
from tests.sdk.reading import port_of
from tests.support.wait import eventually

SOON = 20.0


async def test_open_rows_come_first_then_changes(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    old = await face.request(student, mentor, title="old")
    withdrawn = await face.request(student, mentor, title="withdrawn before")
    await student.client.requests.withdraw(withdrawn.id)

    watch = await face.watch(mentor.client.requests)
    assert (await watch.next(timeout=SOON)).id == old.id
    new = await face.request(student, mentor, title="new")
    told = await watch.next(timeout=SOON)
    assert (told.title, told.student.name, told.mentor.name) == ("new", "Sam", "Maya")
    await mentor.client.requests.approve(new.id)
    assert (await watch.next(timeout=SOON)).status == "approved"
    await student.client.requests.withdraw(old.id)
    assert (await watch.next(timeout=SOON)).status == "cancelled"
    with pytest.raises(TimeoutError):
        await watch.next(timeout=0.2)
    await watch.close()
    with pytest.raises(Closed):
        await watch.next(timeout=SOON)


async def test_a_popup_can_name_a_student_never_seen_before(face: Face) -> None:
    mentor = await face.person("Maya", mentor=True)
    watch = await face.watch(mentor.client.requests)
    with pytest.raises(TimeoutError):
        await watch.next(timeout=0.1)
    for name in ("Sam", "Tom"):
        student = await face.person(name)
        await face.request(student, mentor)
        told = await watch.next(timeout=SOON)
        assert (told.student_id, told.student.name, told.student.rating) == (student.id, name, None)
    await watch.close()


async def test_a_popup_comes_although_the_student_cannot_be_looked_up_at_once(stack: Any) -> None:
    """The line breaks when the name was asked for: the row waits for it and is not lost."""
    face = Face("async", stack)
    async with Wire(port_of(stack)) as wire:
        mentor = await face.person("Maya", mentor=True, url=wire.url, retries=Retries(attempts=1))
        watch = mentor.client.requests.watch()

        async def live() -> bool:
            with pytest.raises(TimeoutError):
                await watch.next(timeout=0.1)
            return mentor.client.connection.status is ConnectionStatus.LIVE

        await eventually(live, within=SOON)
        student = await face.person("Sam")
        request = await face.request(student, mentor)

        async def heard() -> bool:
            return bool(watch._news)

        await eventually(heard, within=SOON)
        wire.lose_next_answer()
        told = await watch.next(timeout=SOON)
        assert (told.id, told.student.name) == (request.id, "Sam")
        assert wire.accepted > 2
        await watch.close()
    await face.close()


async def test_a_student_is_told_of_the_answer(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    requests = await face.watch(student.client.requests, role="student")
    sessions = await face.watch(student.client.sessions)
    notices = await face.watch(student.client.notifications)
    for watch in (sessions, notices):
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.1)

    request = await face.request(student, mentor)
    assert (await requests.next(timeout=SOON)).status == "pending"
    session = await mentor.client.requests.approve(request.id)
    assert (await requests.next(timeout=SOON)).video_room_id == session.video_room_id
    assert (await sessions.next(timeout=SOON)).id == session.id
    assert (await notices.next(timeout=SOON)).kind == NoticeKind.REQUEST_APPROVED
    for watch in (requests, sessions, notices):
        await watch.close()


async def test_a_watch_sees_only_what_is_its_users(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    stranger = await face.person("Eve", mentor=True)
    nosy = await face.watch(stranger.client.requests)
    as_mentor = await face.watch(student.client.requests, role="mentor")
    for watch in (nosy, as_mentor):
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.2)
    await face.request(student, mentor)
    for watch in (nosy, as_mentor):
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.3)
        await watch.close()


async def test_an_iteration_ends_when_it_was_quiet_for_its_timeout(stack: Any) -> None:
    for kind in ("async", "sync"):
        face = Face(kind, stack)
        student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
        await face.request(student, mentor)
        await face.request(student, mentor)
        if kind == "async":
            seen = [row async for row in mentor.client.requests.watch(timeout=1)]
        else:
            watch = face.plain(mentor).requests.watch(timeout=1)
            seen = await asyncio.to_thread(list, watch)
        assert len(seen) == 2
        await face.close()


async def test_the_status_of_the_connection_can_be_asked_and_heard(face: Face) -> None:
    mentor = await face.person("Maya", mentor=True)
    heard: list[ConnectionStatus] = []

    def listen(status: ConnectionStatus) -> None:
        heard.append(status)
        raise RuntimeError("a listener that fails harms nothing")

    assert mentor.client.connection.status == "idle"
    observe = mentor.client.connection.on_change(listen)
    stop = observe if face.kind == "async" else await observe
    watch = await face.watch(mentor.client.requests)

    async def live() -> bool:
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.1)
        return mentor.client.connection.status is ConnectionStatus.LIVE

    await eventually(live, within=SOON)
    await watch.close()
    assert mentor.client.connection.status == "idle"
    assert heard == ["connecting", "live", "idle"]
    stop()


async def test_signing_out_ends_what_was_watched(face: Face) -> None:
    mentor = await face.person("Maya", mentor=True)
    watch = await face.watch(mentor.client.requests)
    with pytest.raises(TimeoutError):
        await watch.next(timeout=0.3)
    await mentor.client.auth.sign_out()
    with pytest.raises(NotSignedIn):
        await watch.next(timeout=SOON)


async def test_two_watches_of_one_client_share_a_connection(async_face: Face) -> None:
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    one, two = mentor.client.requests.watch(), mentor.client.requests.watch()
    for watch in (one, two):
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.3)
    request = await async_face.request(student, mentor)
    assert [(await watch.next(timeout=SOON)).id for watch in (one, two)] == [request.id] * 2
    await one.close()
    await mentor.client.requests.reject(request.id, reason="no")
    assert (await two.next(timeout=SOON)).status == "rejected"
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "mentorkit realtime"]
    assert len(tasks) == 1
    await two.close()


async def test_letting_go_of_a_watch_ends_the_connection(async_face: Face) -> None:
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    await async_face.request(student, mentor)
    async for row in mentor.client.requests.watch():
        assert row.title == "Recursion"
        break
    gc.collect()
    connection = mentor.client.connection

    async def idle() -> bool:
        return connection.status is ConnectionStatus.IDLE

    await eventually(idle)


async def test_a_handler_that_fails_does_not_silence_the_rest(
    async_face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    titles: list[str] = []

    async def handle(row: Request) -> None:
        await asyncio.sleep(0)
        titles.append(row.title)
        if row.title == "first":
            raise RuntimeError("the popup broke")

    await async_face.request(student, mentor, title="first")
    task = asyncio.create_task(mentor.client.requests.watch(timeout=2).each(handle))
    await async_face.request(student, mentor, title="second")
    with caplog.at_level(logging.ERROR, "mentorkit"):
        await task
    assert titles == ["first", "second"]
    assert "the popup broke" in caplog.text


async def test_a_slow_consumer_has_bounded_memory_and_loses_nothing(async_face: Face) -> None:
    reader = await async_face.person("Ada")
    async with reader.client.notifications.watch(buffer=3) as watch:
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.3)
        await write_notices(async_face.stack, reader.id, range(40))
        assert len(watch._news) <= 3
        seen = [(await watch.next(timeout=SOON)).payload["number"] for _ in range(40)]
        assert seen == list(range(40))
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.2)


async def test_a_slow_consumer_can_choose_to_be_told(async_face: Face) -> None:
    reader = await async_face.person("Ada")
    watch = reader.client.notifications.watch(buffer=2, overflow=Overflow.RAISE)
    with pytest.raises(TimeoutError):
        await watch.next(timeout=0.3)
    await write_notices(async_face.stack, reader.id, range(10))

    async def overflowed() -> bool:
        return watch.faulty is True

    await eventually(overflowed)
    with pytest.raises(TooSlow):
        await watch.next(timeout=SOON)


async def test_a_visitor_cannot_watch(face: Face) -> None:
    watch = await face.watch(face.client().requests)
    with pytest.raises(NotSignedIn):
        await watch.next(timeout=SOON)


async def test_broadcast_carries_the_same_stream(stack: Any, async_face: Face) -> None:
    await set_broadcast(stack, wanted=True)
    try:
        student = await async_face.person("Sam")
        options = LiveOptions(via=Via.BROADCAST)
        mentor = await async_face.person("Maya", mentor=True, live=options)
        stranger = await async_face.person("Eve", mentor=True, live=options)
        old = await async_face.request(student, mentor, title="old")
        nosy = stranger.client.requests.watch()
        watch = mentor.client.requests.watch()
        assert (await watch.next(timeout=SOON)).id == old.id
        assert mentor.client.connection.status == "live"
        new = await async_face.request(student, mentor, title="new")
        assert (await watch.next(timeout=SOON)).id == new.id
        await mentor.client.requests.approve(new.id)
        assert (await watch.next(timeout=SOON)).status == "approved"
        with pytest.raises(TimeoutError):
            await nosy.next(timeout=0.3)
        assert stranger.client.connection.status == "live"
        await watch.close()
        await nosy.close()
    finally:
        await set_broadcast(stack, wanted=False)


async def set_broadcast(stack: Any, *, wanted: bool) -> None:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        await connection.execute("update private.settings set broadcast_changes = %s", (wanted,))
