"""What an operator relies on: health, metrics, logs without secrets, an orderly end."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest

from signaling_server.logs import ALLOWED
from signaling_server.settings import Settings
from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import Running, Serve
from tests.signaling.processes import NodeProcess
from tests.signaling.project import KEY, Project
from tests.signaling.test_story import OFFER
from tests.support.wait import eventually


async def get(node: Running, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(node.url + path, headers=headers)


async def test_health_readiness_and_metrics(node: Running) -> None:
    assert (await get(node, "/healthz")).text == "ok"

    async def is_ready() -> bool:
        return (await get(node, "/readyz")).status_code == 200

    await eventually(is_ready)
    first, second = await node.pair()
    await first.signal(second, description=OFFER)
    with pytest.raises(RefusedError):
        await first.join("room-xxxxxxxx")
    metrics = (await get(node, "/metrics")).text
    for line in (
        "signaling_connections 2.0",
        "signaling_rooms 1.0",
        "signaling_relayed_total 1.0",
        'signaling_refused_total{code="unknown_room"} 1.0',
        "signaling_join_seconds_count 2.0",
        "signaling_admission_seconds_count 2.0",
    ):
        assert line in metrics.splitlines()
    assert (await get(node, "/nothing")).status_code == 404
    assert (await get(node, "/socket.io/?EIO=4&transport=polling")).json()["code"] == 0


async def test_readiness_needs_the_keys_of_the_project(serve: Serve, project: Project) -> None:
    project.auth_outage = True
    node: Running = await serve(jwks_retry_seconds=0.1)
    assert (await get(node, "/readyz")).status_code == 503
    assert (await get(node, "/healthz")).status_code == 200
    project.auth_outage = False

    async def is_ready() -> bool:
        return (await get(node, "/readyz")).status_code == 200

    await eventually(is_ready)


async def test_metrics_can_ask_for_a_token(serve: Serve) -> None:
    node: Running = await serve(metrics_token="scraper")
    assert (await get(node, "/metrics")).status_code == 401
    assert (await get(node, "/metrics", authorization="Bearer scraper")).status_code == 200


async def test_logs_name_no_token_description_or_address(
    serve: Serve, capfd: pytest.CaptureFixture[str], project: Project
) -> None:
    node = await NodeProcess.start(project, log_level="debug")
    try:
        people = project.someone("Mia"), project.someone("Stu")
        room = project.room(*people)
        clients = [await Client.connect(node.url) for _ in people]
        for client, person in zip(clients, people, strict=True):
            await client.enter({"token": person.token})
            await client.join(room)
        await clients[0].signal(clients[1], description={"type": "offer", "sdp": "SECRETSDP"})
        await clients[0].raw("42" + "[" * 50_000)
        await clients[0].raw("4nonsense SECRETFRAME")
        await clients[0].until_closed()
        for client in clients:
            await client.close()
    finally:
        node.drain()
        assert await asyncio.wait_for(node.process.wait(), 15) == 0
    log = capfd.readouterr().err
    assert '"message": "joined"' in log
    for secret in (people[0].token, "SECRETSDP", "SECRETFRAME", "127.0.0.1", KEY):
        assert secret not in log
    assert not {"address", "token", "sdp"} & set(ALLOWED)


async def test_sigterm_sends_clients_elsewhere_and_ends_in_order(project: Project) -> None:
    node = await NodeProcess.start(project)
    person = project.someone()
    client = await Client.connect(node.url)
    await client.enter({"token": person.token})
    await client.join(project.room(person))
    node.process.send_signal(signal.SIGTERM)
    assert await client.event("draining") == {}
    assert await client.until_closed() == 1012
    assert await asyncio.wait_for(node.process.wait(), 15) == 0


async def test_a_draining_node_takes_nobody_new(serve: Serve) -> None:
    node: Running = await serve()
    person = node.project.someone()
    client = await node.client(person)
    node.hub.draining = True
    with pytest.raises(RefusedError, match="draining"):
        await client.join(node.project.room(person))
    with pytest.raises(Exception, match="503"):
        await node.client()
    assert (await get(node, "/readyz")).status_code == 503


def test_settings_come_from_the_environment_and_say_what_is_wrong() -> None:
    given = {"SUPABASE_URL": "http://x", "SUPABASE_PUBLISHABLE_KEY": "k"}
    settings = Settings.from_environment(
        given | {"SIGNALING_CAPACITY": "4", "SIGNALING_CORS_ORIGINS": "https://a, https://b"}
    )
    assert (settings.capacity, settings.cors_origins) == (4, ("https://a", "https://b"))
    for name, value, said in (
        ("SIGNALING_CAPACITY", "9", "SIGNALING_CAPACITY"),
        ("SIGNALING_PORT", "http", "SIGNALING_PORT"),
        ("SIGNALING_JWKS_SECONDS", "601", "600"),
        ("SUPABASE_URL", "", "SUPABASE_URL"),
        ("SIGNALING_TURN_URLS", "turn:x", "TURN_SECRET"),
    ):
        with pytest.raises(ValueError, match=said):
            Settings.from_environment(given | {name: value})


async def test_a_mesh_of_three_knows_who_is_polite_to_whom(serve: Serve) -> None:
    node: Running = await serve(capacity=3)
    people = [node.project.someone(name) for name in ("Mia", "Stu", "Eve")]
    room = node.project.room(*people)
    clients = [await node.client(person) for person in people]
    for client in clients:
        await client.join(room)
    assert [peer["polite"] for peer in clients[2].joined["peers"]] == [True, True]
    assert (await clients[0].event("peer-joined"))["polite"] is False
    assert await clients[2].signal(clients[0], description=OFFER) == {}
