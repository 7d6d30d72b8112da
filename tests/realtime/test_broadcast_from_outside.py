"""Broadcasts that no socket sent: from the database, over HTTP, and stored ones."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.realtime.phoenix import Frame, phoenix
from tests.realtime.rooms import private_rooms
from tests.support.people import Person
from tests.support.stack import StackEnv


async def test_the_database_broadcasts_too(stack: StackEnv, ada: Person) -> None:
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


async def test_a_trigger_broadcasts_the_change_of_a_row(stack: StackEnv, ada: Person) -> None:
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


async def test_stored_messages_can_be_replayed(stack: StackEnv, ada: Person) -> None:
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


async def test_http_reaches_public_and_permitted_private_channels(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
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
