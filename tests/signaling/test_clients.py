"""The clients people use: socket.io-client in Node and python-socketio, against both carriers."""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.signaling.client import RefusedError
from tests.signaling.conftest import Running
from tests.signaling.test_story import CANDIDATE, OFFER

PEER = Path(__file__).with_name("peer.mjs")


@functools.cache
def real_node() -> str:
    """The binary itself: what is on PATH may be a script that starts it as a child."""
    asked = subprocess.run(["node", "-p", "process.execPath"], capture_output=True, check=True)
    return asked.stdout.decode().strip()


class NodePeer:
    """A Node process with socket.io-client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[tuple[str, Any]] = []

    @classmethod
    async def start(cls, url: str, token: str, transports: str = "websocket") -> NodePeer:
        process = await asyncio.create_subprocess_exec(
            real_node(), str(PEER), url, token, transports,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return cls(process)

    async def next(self, kind: str, within: float = 10) -> Any:
        """The next thing of this kind that it tells."""
        async with asyncio.timeout(within):
            while True:
                for at, (told, value) in enumerate(self.said):
                    if told == kind:
                        del self.said[at]
                        return value
                assert self.process.stdout is not None
                line = await self.process.stdout.readline()
                assert line, f"ended; said {self.said}"
                told, value = json.loads(line)
                self.said.append((told, value))

    async def tell(self, *words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        await self.process.stdin.drain()

    async def call(self, *words: Any) -> Any:
        await self.tell(*words)
        return await self.next("ack")

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.wait_for(self.process.communicate(), 5)


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    peers: list[NodePeer] = []

    async def begin(*arguments: str) -> NodePeer:
        peers.append(await NodePeer.start(*arguments))
        return peers[-1]

    yield begin
    for peer in peers:
        await peer.stop()


async def test_socket_io_clients_in_node_meet_talk_lose_the_network_and_resume(
    node: Running, start: Start
) -> None:
    mentor, student = node.project.someone("Mia"), node.project.someone("Stu")
    room = node.project.room(mentor, student)
    first, second = await asyncio.gather(
        start(node.url, mentor.token), start(node.url, student.token)
    )
    await first.next("connect")
    await second.next("connect")
    one = await first.call("join", {"room": room})
    other = await second.call("join", {"room": room})
    assert (other["polite"], other["peers"][0]["peer"]) == (True, one["peer"])
    assert (await first.next("event"))["name"] == "peer-joined"
    assert await first.call("signal", {"to": other["peer"], "description": OFFER}) == {}
    assert await first.call("signal", {"to": other["peer"], "candidate": CANDIDATE}) == {}
    heard = [await second.next("event") for _ in range(2)]
    assert heard[0]["payload"]["description"] == OFFER
    assert heard[1]["payload"]["candidate"] == CANDIDATE
    assert (await second.call("shout", {}))["error"]["code"] == "bad_payload"

    await second.tell("lose network")
    assert await second.next("disconnect") == "transport close"
    await second.next("connect")  # by itself
    resume = other["resume"] | {"seen": 1}
    again = await second.call("join", {"room": room, "resume": resume})
    assert (again["resumed"], again["peer"]) == (True, other["peer"])
    assert (await second.next("event"))["payload"]["seq"] == 2

    await second.tell("hang up")
    left = await first.next("event")
    assert (left["name"], left["payload"]["reason"]) == ("peer-left", "left")


async def test_node_clients_learn_why_they_are_refused(node: Running, start: Start) -> None:
    bad = await start(node.url, "not a token")
    refused = await bad.next("connect_error")
    assert (refused["message"], refused["data"]["code"]) == ("unauthorized", "unauthorized")
    polling = await start(node.url, node.project.someone().token, "polling")
    assert "xhr poll error" in (await polling.next("connect_error"))["message"]


async def test_a_binary_payload_from_node_ends_the_connection(node: Running, start: Start) -> None:
    person = node.project.someone()
    peer = await start(node.url, person.token)
    await peer.next("connect")
    await peer.tell("binary", "A" * 16)
    assert await peer.next("disconnect") == "transport close"
    await peer.next("connect")


async def test_the_python_client_meets_a_raw_one(node: Running) -> None:
    mentor, student = node.project.someone("Mia"), node.project.someone("Stu")
    room = node.project.room(mentor, student)
    heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    python = socketio.AsyncClient(reconnection=False)
    python.on("*", lambda name, payload: heard.put_nowait((name, payload)))
    await python.connect(node.url, auth={"token": mentor.token}, transports=["websocket"])
    try:
        one = await python.call("join", {"room": room})
        raw = await node.client(student)
        await raw.join(room)
        name, payload = await asyncio.wait_for(heard.get(), 5)
        assert (name, payload["peer"]) == ("peer-joined", raw.peer)
        assert await python.call("signal", {"to": raw.peer, "description": OFFER}) == {}
        assert (await raw.event("signal"))["from"] == one["peer"]
        with pytest.raises(RefusedError, match="bad_payload"):
            await raw.call("signal", {"to": one["peer"], "description": {"sdp": "x"}})
    finally:
        await python.disconnect()
    assert (await raw.event("peer-left"))["reason"] == "left"
    refused = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await refused.connect(node.url, auth={"token": "x"}, transports=["websocket"])
    await refused.shutdown()
