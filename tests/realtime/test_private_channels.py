"""Private channels: policies on realtime.messages say who may read and who may write."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.realtime.phoenix import phoenix
from tests.realtime.rooms import private_rooms
from tests.support.people import Person
from tests.support.stack import StackEnv

HELLO: dict[str, Any] = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}


async def test_a_private_channel_needs_a_policy(stack: StackEnv, ada: Person, bob: Person) -> None:
    prefix = f"p{uuid4().hex[:8]}"
    topic = f"realtime:{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix), phoenix(stack) as one, phoenix(stack) as two:
        reply = await one.join(topic, ada.access_token, private=True, broadcast={"ack": True})
        assert reply.payload["status"] == "ok"
        for token in (bob.access_token, None):
            reply = await two.join(topic, token, private=True)
            assert reply.payload["response"]["reason"] == (
                "Unauthorized: You do not have permissions to read from this Channel topic: "
                f"{topic.removeprefix('realtime:')}"
            )
        # The public channel of the same name is another one.
        await two.join(topic, bob.access_token)
        await one.ask(topic, "broadcast", HELLO)
        assert await two.nothing_more() == []


async def test_reading_is_not_writing(stack: StackEnv, ada: Person) -> None:
    prefix = f"p{uuid4().hex[:8]}"
    topic = f"realtime:{prefix}-ro-{ada.id}"
    async with private_rooms(stack, prefix), phoenix(stack) as client, phoenix(stack) as other:
        for member in (client, other):
            await member.join(topic, ada.access_token, private=True, broadcast={"ack": True})
        answer = await client.ask(topic, "broadcast", HELLO)
        assert "do not have permissions to write" in answer["response"]["reason"]
        answer = await client.ask(topic, "presence", {"event": "track", "payload": {}})
        assert answer["status"] == "error"
        assert await other.nothing_more() == []


async def test_losing_the_right_to_read_ends_the_channel(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    prefix = f"p{uuid4().hex[:8]}"
    topic = f"realtime:{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix), phoenix(stack) as client:
        await client.join(topic, ada.access_token, private=True)
        await client.send(topic, "access_token", {"access_token": bob.access_token})
        system = await client.event("system")
        assert system.payload["status"] == "error"
        assert "no longer have permission to read" in system.payload["message"]
        await client.event("phx_close")
