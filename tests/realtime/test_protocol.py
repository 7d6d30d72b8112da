"""The Phoenix protocol, frame by frame, in both versions."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.realtime.notes import notes
from tests.realtime.phoenix import phoenix
from tests.realtime.tokens import minted
from tests.support.people import Person
from tests.support.stack import StackEnv

versions = pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
ROOM = "realtime:room"


@versions
async def test_a_heartbeat_is_answered(stack: StackEnv, version: str) -> None:
    async with phoenix(stack, version) as client:
        assert await client.ask("phoenix", "heartbeat") == {"status": "ok", "response": {}}


@versions
async def test_a_join_is_answered_with_the_wishes_and_their_ids(
    stack: StackEnv, ada: Person, version: str
) -> None:
    async with notes(stack) as table, phoenix(stack, version) as client:
        wishes = [
            {"event": "INSERT", "schema": "public", "table": table.name, "filter": "room=eq.a"},
            {"event": "*", "schema": "public", "table": table.name},
        ]
        reply = await client.join(ROOM, ada.access_token, postgres_changes=wishes)
        assert reply.payload["status"] == "ok"
        told = reply.payload["response"]["postgres_changes"]
        assert [{k: v for k, v in entry.items() if k != "id"} for entry in told] == wishes
        first, second = (entry["id"] for entry in told)
        assert 0 not in (first, second)
        assert first != second
        system = await client.event("system")
        assert system.payload == {
            "extension": "postgres_changes",
            "status": "ok",
            "message": "Subscribed to PostgreSQL",
            "channel": "room",
        }
        await table.add(ada.id, room="a")
        change = await client.event("postgres_changes")
        assert sorted(change.payload["ids"]) == sorted((first, second))
        assert change.ref is None


@versions
async def test_leaving_closes_the_channel_and_nothing_comes_any_more(
    stack: StackEnv, ada: Person, version: str
) -> None:
    async with notes(stack) as table, phoenix(stack, version) as client:
        wish = {"event": "*", "schema": "public", "table": table.name}
        await client.join(ROOM, ada.access_token, postgres_changes=[wish])
        await client.event("system")
        assert (await client.ask(ROOM, "phx_leave"))["status"] == "ok"
        await client.event("phx_close", ROOM)
        await client.join("realtime:other", ada.access_token, postgres_changes=[wish])
        await client.event("system")
        await table.add(ada.id)
        assert (await client.event("postgres_changes")).topic == "realtime:other"
        assert await client.nothing_more() == []


async def test_a_message_to_a_channel_never_joined_is_refused(stack: StackEnv) -> None:
    async with phoenix(stack) as client:
        answer = await client.ask(ROOM, "broadcast", {"event": "x"})
        assert answer == {"status": "error", "response": {"reason": "unmatched topic"}}
        assert (await client.ask(ROOM, "phx_leave"))["status"] == "ok"


async def test_an_unknown_event_is_refused(stack: StackEnv) -> None:
    async with phoenix(stack) as client:
        await client.join(ROOM)
        answer = await client.ask(ROOM, "shout", {})
        assert answer == {"status": "error", "response": {"reason": "unknown event shout"}}


@pytest.mark.parametrize("topic", ["realtime:", "room"])
async def test_a_topic_needs_a_name(stack: StackEnv, topic: str) -> None:
    async with phoenix(stack) as client:
        reply = await client.join(topic)
        assert reply.payload["status"] == "error"
        assert reply.payload["response"]["reason"].startswith("TopicNameRequired: ")


async def test_joining_again_ends_the_older_join(stack: StackEnv) -> None:
    async with phoenix(stack) as client:
        await client.join(ROOM)
        await client.send(ROOM, "phx_join", {"config": {}}, join_ref="2")
        closed = await client.event("phx_close")
        assert closed.join_ref == "1"
        reply = await client.event("phx_reply")
        assert (reply.join_ref, reply.payload["status"]) == ("2", "ok")


async def test_at_most_a_hundred_channels(stack: StackEnv) -> None:
    async with phoenix(stack) as client:
        for number in range(100):
            assert (await client.join(f"{ROOM}{number}")).payload["status"] == "ok"
        reply = await client.join(f"{ROOM}100")
        assert reply.payload["response"]["reason"].startswith("ChannelRateLimitReached: ")
        await client.ask(f"{ROOM}0", "phx_leave")
        assert (await client.join(f"{ROOM}100")).payload["status"] == "ok"


async def test_waiting_for_the_subscription_holds_the_reply(stack: StackEnv, ada: Person) -> None:
    wait = {"postgres_changes_options": {"wait": True}}
    async with notes(stack) as table, phoenix(stack) as client:
        wish = {"event": "*", "schema": "public", "table": table.name}
        reply = await client.join(ROOM, ada.access_token, postgres_changes=[wish], **wait)
        assert reply.payload["status"] == "ok"
        await table.add(ada.id)
        await client.event("postgres_changes")
        wrong = {**wish, "filter": "nowhere=eq.1"}
        reply = await client.join("realtime:b", ada.access_token, postgres_changes=[wrong], **wait)
        assert reply.payload["response"]["reason"].startswith("RealtimeDisabledForConfiguration: ")
        assert (await client.ask("realtime:b", "broadcast"))["status"] == "error"


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("vsn=1.0.0", 401, "API key is missing"),
        ("vsn=1.0.0&apikey=nonsense", 401, "The token provided is not a valid JWT"),
        ("vsn=3.0.0&apikey={key}", 403, "vsn must be 1.0.0 or 2.0.0"),
        ("vsn=2.0.0&apikey={expired}", 401, "Token has expired"),
        ("vsn=2.0.0&apikey={forged}", 401, "Failed to validate JWT signature"),
    ],
)
async def test_a_handshake_is_refused_with_a_status(
    stack: StackEnv, signing_secret: str, query: str, status: int, told: str
) -> None:
    query = query.format(
        key=stack.publishable_key,
        expired=minted(signing_secret, "x", seconds=-5),
        forged=minted("a secret that signs nothing here at all", "x"),
    )
    address = f"{stack.supabase_url.replace('http', 'ws', 1)}/realtime/v1/websocket?{query}"
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(address):
            pass
    assert refusal.value.response.status_code == status
    assert json.loads(refusal.value.response.body) == {"error": told}


@versions
@pytest.mark.parametrize("data", ["no json", "7", b"\x01\x02"])
async def test_what_is_no_message_closes_the_socket_with_a_reason(
    stack: StackEnv, version: str, data: str | bytes
) -> None:
    async with phoenix(stack, version) as client:
        await client.socket.send(data)
        code, reason = await client.closed()
        assert code == 1003
        assert reason


async def test_a_client_that_does_not_read_is_disconnected(stack: StackEnv) -> None:
    """The others are served meanwhile, and the server forgets it."""
    size = 200_000
    async with phoenix(stack, max_queue=1) as slow, phoenix(stack) as sender:
        await slow.join("realtime:flood")
        await sender.join("realtime:flood", broadcast={"ack": True})
        slow.socket.transport.pause_reading()
        for _ in range(150):
            payload = {"type": "broadcast", "event": "e", "payload": {"x": "x" * size}}
            assert (await sender.ask("realtime:flood", "broadcast", payload))["status"] == "ok"
        slow.socket.transport.resume_reading()
        code, _ = await slow.closed(within=20)
        assert code in (1006, 1013)
        assert len(slow.unread) < 150
