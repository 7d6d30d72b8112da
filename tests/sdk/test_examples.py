"""The examples do what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from examples import approve_all
from examples.fastapi_app import create_app
from tests.sdk.faces import Face
from tests.support.wait import eventually


async def test_the_mentors_assistant(async_face: Face, capsys: pytest.CaptureFixture[str]) -> None:
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    zone = ZoneInfo("Europe/Berlin")
    noon = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0)
    day, night = noon + timedelta(days=2), noon + timedelta(days=2, hours=10)
    waiting = await async_face.request(student, mentor, title="by day", requested_time=day)
    task = asyncio.create_task(approve_all.assist(mentor.client, zone, quiet=1.0))
    late = await async_face.request(student, mentor, title="by night", requested_time=night)
    assert await task == 2
    assert (await student.client.requests.get(waiting.id)).status == "approved"
    assert (await student.client.requests.get(late.id)).status == "rejected"
    assert "approved 'by day': room-" in capsys.readouterr().out


async def test_a_web_server_acts_for_each_of_its_users(async_face: Face) -> None:
    stack = async_face.stack
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    subject = (await student.client.subjects.list())[0]
    app = create_app(stack.supabase_url, stack.publishable_key)
    tokens = [await who.client.auth.access_token() for who in (student, mentor)]
    as_student, as_mentor = ({"Authorization": f"Bearer {token}"} for token in tokens)
    wish = {
        "mentor_id": str(mentor.id),
        "subject_id": str(subject.id),
        "title": "Recursion",
        "requested_time": async_face.hour().isoformat(),
    }
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://app.test", timeout=20
        ) as http,
    ):
        made = await http.post("/requests", json=wish, headers=as_student)
        assert made.status_code == 201, made.text
        answers = await asyncio.gather(
            *(http.get("/pending", headers=(as_student, as_mentor)[n % 2]) for n in range(50))
        )
        for number, answer in enumerate(answers):
            titles = [row["title"] for row in answer.json()]
            assert titles == (["Recursion"] if number % 2 else []), "nobody sees another's"
        path = f"/requests/{made.json()['id']}/approve"
        assert (await http.post(path, headers=as_student)).status_code in (403, 404)
        assert (await http.post(path, headers=as_mentor)).json()["room"].startswith("room-")
        assert (await http.post(path, headers=as_mentor)).status_code == 409
        assert (await http.get("/pending")).status_code == 401


def test_a_django_view_acts_for_whoever_asks(stack: Any) -> None:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            ROOT_URLCONF="examples.django_view",
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="only for this test",
            MENTORKIT={"url": stack.supabase_url, "key": stack.publishable_key},
        )
        django.setup()
    from django.test import Client

    from examples.django_view import kit
    from tests.support.people import sign_up

    async def people() -> list[str]:
        return [(await sign_up(stack, name)).access_token for name in ("Ada", "Ben")]

    browser = Client()
    for token in asyncio.run(people()):
        answer = browser.get("/upcoming/", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (200, {"sessions": []})
    assert browser.get("/upcoming/").status_code == 401
    assert browser.get("/upcoming/", headers={"Authorization": "Bearer x"}).status_code == 409
    kit().close()
    kit.cache_clear()


async def test_a_bot_answers_a_call(async_face: Face) -> None:
    from examples.bot import Bot

    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    soon = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    request = await async_face.request(student, mentor, requested_time=soon)
    room_id = (await mentor.client.requests.approve(request.id)).video_room_id
    states: dict[str, list[str]] = {"caller": [], "bot": []}

    def hear(name: str) -> Callable[[str], None]:
        return states[name].append

    url = async_face.stack.signaling_url
    there = await mentor.client.rooms.join(room_id, signaling_url=url)
    caller = Bot(there, hear("caller"))
    calling = asyncio.create_task(caller.run())
    newcomer = await student.client.rooms.join(room_id, signaling_url=url)
    bot = Bot(newcomer, hear("bot"))
    answering = asyncio.create_task(bot.run())

    async def connected() -> bool:
        return "connected" in states["caller"] and "connected" in states["bot"]

    await eventually(connected, within=20)
    await newcomer.leave()
    await there.leave()
    await asyncio.gather(calling, answering)
    await bot.close()
    await caller.close()
