"""Broadcast: between clients, over HTTP, from the database; and who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.realtime.clients import Watcher, connected
from tests.realtime.phoenix import Frame, phoenix
from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv
from tests.support.wait import eventually

HELLO: dict[str, Any] = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}


@asynccontextmanager
async def private_rooms(stack: StackEnv, prefix: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Topics that begin with `prefix`: the person named in them reads; `-rw-` writes, too."""
    read = f"topic_{prefix}_read"
    write = f"topic_{prefix}_write"
    mine = f"(select realtime.topic()) like '{prefix}-%' || (select auth.uid())"
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as connection:
        await connection.execute(
            f"create policy {read} on realtime.messages for select to authenticated using ({mine})"
        )
        await connection.execute(
            f"create policy {write} on realtime.messages for insert to authenticated"
            f" with check ({mine} and (select realtime.topic()) like '%-rw-%')"
        )
        try:
            yield connection
        finally:
            await connection.execute(f"drop policy {read} on realtime.messages")
            await connection.execute(f"drop policy {write} on realtime.messages")


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


async def test_a_private_channel_needs_a_policy(stack: StackEnv) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
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


async def test_reading_is_not_writing(stack: StackEnv) -> None:
    ada = await sign_up(stack)
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


async def test_losing_the_right_to_read_ends_the_channel(stack: StackEnv) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    prefix = f"p{uuid4().hex[:8]}"
    topic = f"realtime:{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix), phoenix(stack) as client:
        await client.join(topic, ada.access_token, private=True)
        await client.send(topic, "access_token", {"access_token": bob.access_token})
        system = await client.event("system")
        assert system.payload["status"] == "error"
        assert "no longer have permission to read" in system.payload["message"]
        await client.event("phx_close")


async def test_the_database_broadcasts_too(stack: StackEnv) -> None:
    ada = await sign_up(stack)
    prefix = f"p{uuid4().hex[:8]}"
    name = f"{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix) as connection, phoenix(stack) as client:
        await client.join(f"realtime:{name}", ada.access_token, private=True)
        await connection.execute(
            "select realtime.send('{\"n\": 1}', 'news', %s), realtime.send('{}', 'x', %s, false)",
            (name, name),
        )
        heard = (await client.event("broadcast")).payload
        assert heard["event"] == "news"
        assert heard["payload"]["n"] == 1
        assert heard["meta"]["id"] == heard["payload"]["id"]
        await connection.execute("select realtime.send_binary('\\x00ff', 'raw', %s)", (name,))
        assert (await client.event("broadcast")).payload["payload"] == b"\x00\xff"
        assert await client.nothing_more() == []


async def test_a_trigger_broadcasts_the_change_of_a_row(stack: StackEnv) -> None:
    ada = await sign_up(stack)
    prefix = f"p{uuid4().hex[:8]}"
    name = f"{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix) as connection, phoenix(stack) as client:
        await client.join(f"realtime:{name}", ada.access_token, private=True)
        await connection.execute(f"create temp table {prefix} (id int)")
        await connection.execute(
            f"create function pg_temp.tell_{prefix}() returns trigger language plpgsql as"
            f" $$ begin perform realtime.broadcast_changes('{name}', tg_op, tg_op,"
            " tg_table_name, tg_table_schema, new, old); return null; end $$"
        )
        await connection.execute(
            f"create trigger tell after insert on {prefix} for each row"
            f" execute function pg_temp.tell_{prefix}()"
        )
        await connection.execute(f"insert into {prefix} values (7)")
        payload = (await client.event("broadcast")).payload["payload"]
        assert payload["operation"] == "INSERT"
        assert payload["record"] == {"id": 7}
        assert payload["old_record"] is None
        assert payload["table"] == prefix


async def test_sending_without_the_right_is_a_warning_only(stack: StackEnv) -> None:
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        await connection.execute("set local role authenticated")
        await connection.execute("select realtime.send('{}', 'e', 'a-topic-nobody-may-write')")
    assert [text.partition(":")[0] for text in notices] == ["ErrorSendingBroadcastMessage"]


async def test_stored_messages_can_be_replayed(stack: StackEnv) -> None:
    ada = await sign_up(stack)
    prefix = f"p{uuid4().hex[:8]}"
    name = f"{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix) as connection, phoenix(stack) as client:
        for number in range(3):
            await connection.execute(
                "select realtime.send(jsonb_build_object('n', %s::int), 'e', %s)", (number, name)
            )
        broadcast = {"replay": {"since": 0, "limit": 2}}
        topic = f"realtime:{name}"
        await client.join(topic, ada.access_token, private=True, broadcast=broadcast)
        heard: list[Frame] = [await client.event("broadcast") for _ in range(2)]
        assert [frame.payload["payload"]["n"] for frame in heard] == [1, 2]
        assert all(frame.payload["meta"]["replayed"] for frame in heard)
        reply = await client.join("realtime:public", broadcast=broadcast)
        assert reply.payload["response"]["reason"].startswith("UnableToReplayMessages: ")


async def post(stack: StackEnv, path: str, person: Person | None, **options: Any) -> httpx.Response:
    token = person.access_token if person else stack.publishable_key
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
    headers |= options.pop("headers", {})
    async with httpx.AsyncClient(base_url=f"{stack.supabase_url}/realtime/v1") as http:
        return await http.post(path, headers=headers, **options)


async def test_http_reaches_public_and_permitted_private_channels(stack: StackEnv) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    prefix = f"p{uuid4().hex[:8]}"
    name = f"{prefix}-rw-{ada.id}"
    async with private_rooms(stack, prefix), phoenix(stack) as client:
        await client.join(f"realtime:{name}", ada.access_token, private=True)
        await client.join(f"realtime:{prefix}")
        messages = [
            {"topic": name, "event": "e", "payload": {"n": 1}, "private": True},
            {"topic": prefix, "event": "e", "payload": {"n": 2}},
        ]
        assert (
            await post(stack, "/api/broadcast", bob, json={"messages": messages})
        ).status_code == 202
        assert (await client.event("broadcast")).payload["payload"] == {"n": 2}
        assert (
            await post(stack, "/api/broadcast", ada, json={"messages": messages})
        ).status_code == 202
        assert (await client.event("broadcast")).payload["payload"] == {"n": 1}
        one = f"/api/broadcast/{prefix}/events/raw"
        octets = {"Content-Type": "application/octet-stream"}
        assert (await post(stack, one, None, content=b"\x01", headers=octets)).status_code == 202
        await client.event("broadcast")
        assert (await client.event("broadcast")).payload["payload"] == b"\x01"
        path = f"/api/broadcast/{name}/events/e?private=true"
        assert (await post(stack, path, bob, json={})).status_code == 401
        assert (await post(stack, path, ada, json={"n": 3})).status_code == 202
        assert (await client.event("broadcast")).payload["payload"] == {"n": 3}


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/api/broadcast", {"json": {}}, 422),
        ("/api/broadcast", {"json": {"messages": [{"topic": "a", "event": "e"}]}}, 422),
        ("/api/broadcast", {"content": b"no json"}, 400),
        ("/api/broadcast", {"headers": {"Authorization": "Bearer x.y.z"}, "json": {}}, 401),
        ("/api/broadcast/a/events/e", {"content": b"x", "headers": {"Content-Type": "a/b"}}, 415),
        ("/api/broadcast/a/events/e?persist=true", {"json": {}}, 422),
    ],
)
async def test_http_says_what_is_wrong(
    stack: StackEnv, path: str, options: dict[str, Any], status: int
) -> None:
    assert (await post(stack, path, None, **dict(options))).status_code == status


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
