"""Floods, storms, slow and silent clients: each runs into a bound, and others do not notice."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import CARRIERS, Running, Serve
from tests.signaling.test_story import OFFER
from tests.support.wait import eventually


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_an_event_flood_is_refused_then_ended(serve: Serve, carrier: str) -> None:
    node: Running = await serve(carrier, message_rate=20, message_burst=30)
    first, second = await node.pair()
    calm = await node.pair()
    signal = json.dumps(["signal", {"to": second.peer, "candidate": None}], separators=(",", ":"))
    for number in range(500):
        await first.raw(f"42{1000 + number}{signal}")
    assert await first.until_closed() == 1008
    refused = [one for one in first.acks.values() if "error" in one]
    assert {one["error"]["code"] for one in refused} == {"rate_limited"}
    accepted = [one for number, one in first.acks.items() if number >= 1000 and one == {}]
    assert len(accepted) == len(second.signals()) <= 2 * 30 + 20 * 5
    assert await calm[0].signal(calm[1], description=OFFER) == {}


@pytest.mark.parametrize("frame", ["43999[]", "3", "40/x,{}"])
async def test_floods_of_other_packets_are_ended_too(serve: Serve, frame: str) -> None:
    node: Running = await serve(message_rate=20, message_burst=30)
    client = await node.client(node.project.someone())
    for _ in range(400):
        await client.raw(frame)
    assert await client.until_closed() == 1008


async def test_one_person_with_many_sockets_has_one_allowance(serve: Serve) -> None:
    node: Running = await serve(user_message_rate=1, user_message_burst=25)
    person = node.project.someone()
    clients = [await node.client(person) for _ in range(5)]
    refused = 0
    for client in clients:
        for _ in range(10):
            try:
                await client.call("ice_servers")
            except RefusedError as why:
                refused += why.code == "rate_limited"
    assert refused >= 20


async def test_guessing_room_ids_is_limited_per_person_and_per_address(serve: Serve) -> None:
    node: Running = await serve(joins_per_minute_user=5, joins_per_minute_address=8)
    codes = []
    for person in (node.project.someone(), node.project.someone()):
        client = await node.client(person)
        for number in range(7):
            with pytest.raises(RefusedError) as refused:
                await client.join(f"room-guess{number:03d}")
            codes.append(refused.value.code)
    assert (
        codes
        == [*["unknown_room"] * 5, *["rate_limited"] * 2, *["unknown_room"] * 3]
        + ["rate_limited"] * 4
    )


async def test_one_person_is_in_a_bounded_number_of_rooms(serve: Serve) -> None:
    node: Running = await serve(rooms_per_user=2)
    person = node.project.someone()
    for _ in range(2):
        await (await node.client(person)).join(node.project.room(person))
    client = await node.client(person)
    with pytest.raises(RefusedError, match="rate_limited"):
        await client.join(node.project.room(person))


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_an_address_has_a_bounded_number_of_sockets(serve: Serve, carrier: str) -> None:
    node: Running = await serve(carrier, connections_per_address=3)
    clients = [await node.client(node.project.someone()) for _ in range(3)]
    try:
        extra = await node.client()
        assert await extra.until_closed() == 1013
    except Exception as exc:
        if "429" not in str(exc):
            raise
    await clients[0].close()

    async def has_place() -> bool:
        try:
            await (await node.client()).enter({"token": node.project.someone().token})
        except Exception:  # noqa: BLE001 - refused in the one or the other carrier's way
            return False
        return True

    assert await eventually(has_place)


async def test_a_connect_storm_is_bounded(serve: Serve) -> None:
    node: Running = await serve(connects_per_minute_address=20)
    clients = await asyncio.gather(*(node.client() for _ in range(60)))

    async def settled() -> bool:
        return sum(client.closed for client in clients) >= 38

    await eventually(settled)
    assert sum(not client.closed for client in clients) <= 22


@pytest.mark.parametrize("carrier", [*CARRIERS, "plain"])
async def test_a_reader_too_slow_is_dropped_and_the_sender_goes_on(
    serve: Serve, carrier: str
) -> None:
    node: Running = await serve(
        carrier, grace_seconds=0.6, max_unsent_bytes=200_000,
        message_rate=1e6, message_burst=1_000_000,
        user_message_rate=1e6, user_message_burst=1_000_000,
    )  # fmt: skip
    first, second = await node.pair()
    second.socket.transport.pause_reading()
    big = {"type": "offer", "sdp": "x" * 60_000}

    async def no_longer_taken() -> bool:
        try:
            await first.signal(second, description=big)
        except RefusedError as why:
            return why.code in ("rate_limited", "unknown_peer")
        return False

    await eventually(no_longer_taken, within=60)
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "lost"}


async def test_half_open_and_idle_sockets_are_closed(serve: Serve) -> None:
    node: Running = await serve(lifetime_seconds=3)
    person = node.project.someone()
    busy = await node.client(person)
    await busy.join(node.project.room(person))
    silent = await (await serve(connect_seconds=0.3)).client()
    idle = await (await serve(idle_seconds=0.3)).client(node.project.someone())
    assert await silent.until_closed() == 1008
    assert await idle.until_closed() == 1000
    assert await busy.event("room-closed") == {"reason": "lifetime"}
    assert await busy.until_closed() == 1000


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_client_that_does_not_answer_pings_is_lost(serve: Serve, carrier: str) -> None:
    node: Running = await serve(carrier, ping_seconds=0.3, pong_seconds=1, grace_seconds=0.3)
    first, second = await node.pair()
    second.deaf = True
    assert await first.event("peer-left") == {"peer": second.peer, "reason": "lost"}
    assert await second.until_closed() == 1001
    assert first.frames.count("2") >= 2


async def test_sockets_cut_in_the_middle_of_anything_leave_nothing_behind(node: Running) -> None:
    for cut in range(12):
        reader, writer = await asyncio.open_connection(*node.url[7:].split(":"))
        text = (
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\xfe\x00\xff1234abcd"
        )
        writer.write(text[: len(text) * (cut + 1) // 12])
        await writer.drain()
        writer.close()
        del reader
    clients: list[Client] = [await node.client(node.project.someone()) for _ in range(3)]
    for client in clients:
        client.vanish()

    async def empty() -> bool:
        return b"signaling_connections 0.0" in node.hub.metrics.render()

    await eventually(empty)


async def test_origins_not_allowed_are_turned_away(serve: Serve) -> None:
    node: Running = await serve(cors_origins=("https://app.example.org",))
    with pytest.raises(Exception, match="403"):
        await Client.connect(node.url, origin="https://evil.example.org")
    client = await Client.connect(node.url, origin="https://app.example.org")
    node.clients.append(client)
    await client.enter({"token": node.project.someone().token})
