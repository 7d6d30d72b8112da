"""The whole way with the real database: request, approve, and the room opens for the two only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.signaling.client import Client, RefusedError
from tests.signaling.processes import NodeProcess
from tests.signaling.project import Project
from tests.signaling.test_story import OFFER
from tests.support.people import Person, sign_up, subject_id
from tests.support.stack import StackEnv


async def rpc(stack: StackEnv, person: Person, name: str, **arguments: object) -> dict[str, object]:
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=15) as http:
        answer = await http.post(
            f"/rest/v1/rpc/{name}", headers=person.headers(stack), json=arguments
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found


async def session(stack: StackEnv, when: datetime) -> tuple[Person, Person, dict[str, object]]:
    mentor, student = await sign_up(stack, "Mia", mentor=True), await sign_up(stack, "Stu")
    asked = await rpc(
        stack, student, "request_session",
        mentor_id=mentor.id, subject_id=await subject_id(stack), title="A talk",
        requested_time=when.isoformat(), duration=30,
    )  # fmt: skip
    return mentor, student, await rpc(stack, mentor, "approve_request", request_id=asked["id"])


async def enter(url: str, person: Person) -> Client:
    client = await Client.connect(url)
    await client.enter({"token": person.access_token})
    return client


async def test_the_two_of_an_approved_session_meet_and_nobody_else(stack: StackEnv) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
    mentor, student, made = await session(stack, soon)
    room = str(made["video_room_id"])
    # The stack's own node asks the database again every 15 s; this one is not that patient.
    node = await NodeProcess.start(
        Project(url=stack.supabase_url), stack.publishable_key, recheck_seconds=0.5
    )
    first, second = await enter(node.url, mentor), await enter(node.url, student)
    stranger = await enter(node.url, await sign_up(stack, "Eve"))
    try:
        assert (await first.join(room))["role"] == "mentor"
        answer = await second.join(room)
        assert (answer["session"], answer["peers"][0]["name"]) == (made["id"], "Mia")
        assert await first.signal(second, description=OFFER) == {}
        with pytest.raises(RefusedError, match=r"not_a_participant|unknown_room"):
            await stranger.join(room)
        with pytest.raises(RefusedError, match="unknown_room"):
            await stranger.join("room-00000000")
        await rpc(stack, mentor, "cancel_session", session_id=made["id"], reason="ill")
        for client in (first, second):
            assert await client.event("room-closed") == {"reason": "session_over"}
    finally:
        for client in (first, second, stranger):
            await client.close()
        await node.stop()


async def test_a_room_is_closed_long_before_its_time(stack: StackEnv) -> None:
    later = (datetime.now(UTC) + timedelta(days=9)).replace(second=0, microsecond=0)
    mentor, _, made = await session(stack, later)
    client = await enter(stack.signaling_url, mentor)
    with pytest.raises(RefusedError, match="too_early"):
        await client.join(str(made["video_room_id"]))
    await client.close()
