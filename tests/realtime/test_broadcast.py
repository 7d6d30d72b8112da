"""Broadcast between clients."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.realtime.clients import Watcher, connected
from tests.realtime.phoenix import phoenix
from tests.support.stack import StackEnv
from tests.support.wait import eventually

HELLO: dict[str, Any] = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}


async def test_the_others_hear_it_the_sender_only_when_asked(stack: StackEnv) -> None:
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as one, phoenix(stack, "1.0.0") as two:
        await one.join(topic, broadcast={"ack": True})
        await two.join(topic, broadcast={"self": True})
        assert await one.ask(topic, "broadcast", HELLO) == {"status": "ok", "response": {}}
        assert (await two.event("broadcast")).payload == HELLO
        assert await one.nothing_more() == []
        await two.send(topic, "broadcast", {**HELLO, "payload": {"n": 2}})
        assert (await one.event("broadcast")).payload["payload"] == {"n": 2}
        assert (await two.event("broadcast")).payload["payload"] == {"n": 2}
        assert await two.nothing_more() == []


def packed(topic: str, event: str, body: bytes, is_json: bool) -> bytes:
    parts = [b"1", b"9", topic.encode(), event.encode(), b""]
    return bytes([3, *(len(part) for part in parts), is_json]) + b"".join(parts) + body


async def test_bytes_go_through_as_they_are(stack: StackEnv) -> None:
    """JSON packed in bytes reaches both versions, other bytes only version 2."""
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as one, phoenix(stack) as two, phoenix(stack, "1.0.0") as old:
        for client in (one, two, old):
            await client.join(topic, broadcast={"ack": True})
        await one.socket.send(packed(topic, "raw", b"\x00\xff\x10", False))
        assert (await one.reply("9")).payload["status"] == "ok"
        await one.socket.send(packed(topic, "text", b'{"n":1}', True))
        assert (await two.event("broadcast")).payload["payload"] == b"\x00\xff\x10"
        assert (await two.event("broadcast")).payload["payload"] == {"n": 1}
        assert (await old.event("broadcast")).payload == {
            "type": "broadcast",
            "event": "text",
            "payload": {"n": 1},
        }


async def test_what_cannot_be_done_is_refused(stack: StackEnv) -> None:
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as client:
        await client.join(topic)
        large = {**HELLO, "payload": {"x": "x" * 3_000_001}}
        answer = await client.ask(topic, "broadcast", large)
        assert answer["response"]["reason"] == "payload_size_exceeded"
        answer = await client.ask(topic, "broadcast", {**HELLO, "persist": True})
        assert answer["status"] == "error"


async def test_supabase_py_broadcasts_over_the_socket_and_over_http(stack: StackEnv) -> None:
    heard: list[Any] = []
    name = str(uuid4())

    async def twice() -> bool:
        return len(heard) == 2

    async with connected(stack) as one, connected(stack) as two:
        sender = await Watcher(one, name).start(flowing=False)
        listener = Watcher(two, name)
        listener.channel.on_broadcast("hello", lambda payload: heard.append(payload["payload"]))
        await listener.start(flowing=False)
        await sender.channel.send_broadcast("hello", {"n": 1})
        await sender.channel.http_send("hello", {"n": 2})
        await eventually(twice)
        assert heard == [{"n": 1}, {"n": 2}]
