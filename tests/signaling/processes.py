"""Nodes as processes of their own, to be killed; and a peer that comes back after each loss."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.signaling.client import Client, RefusedError
from tests.signaling.project import KEY, Project, Someone
from tests.support.stack import REPO
from tests.support.wait import eventually


@dataclass
class NodeProcess:
    """`python -m signaling_server`, ready for clients."""

    url: str
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, project: Project, key: str = KEY, **settings: Any) -> NodeProcess:
        chosen = {
            "log_level": "error",
            "message_rate": 100_000,
            "message_burst": 100_000,
            "user_message_rate": 100_000,
            "user_message_burst": 100_000,
            "connections_per_address": 10_000,
            "connects_per_minute_address": 1_000_000,
            "joins_per_minute_address": 1_000_000,
            "joins_per_minute_user": 1_000_000,
        }
        chosen |= settings
        env = {f"SIGNALING_{name.upper()}": str(value) for name, value in chosen.items()}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "signaling_server", "--port", "0",
            cwd=REPO, stdout=asyncio.subprocess.PIPE,
            env=dict(os.environ) | env
            | {"SUPABASE_URL": project.url, "SUPABASE_PUBLISHABLE_KEY": key},
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        return cls(found[0], process)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def halt(self) -> None:
        """As a machine that is far too busy: it lives, and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def drain(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.kill()
        return await self.process.wait()

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


def has_events(client: Client) -> bool:
    return bool(client.events)


@dataclass
class Wanderer:
    """A person whose client reconnects, to the next node, and resumes; what it heard, in order."""

    someone: Someone
    room: str
    urls: list[str]
    at: int = 0
    client: Client | None = None
    heard: list[str] = field(default_factory=list)
    seen: int = 0
    resumes: list[bool] = field(default_factory=list)
    missed: int = 0
    left: list[str] = field(default_factory=list)
    partner: str = ""
    refusals: list[str] = field(default_factory=list)
    _person: dict[str, Any] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        await self._arrive()
        self._tasks.append(asyncio.ensure_future(self._live()))

    async def _arrive(self) -> None:
        arrived = await eventually(self._try_to_arrive, within=60)
        assert arrived is not None
        client, answer = arrived
        self._person = answer["resume"]
        if self.client is not None:
            self.resumes.append(bool(answer["resumed"]))
            self.missed += bool(answer.get("missed"))
            if not answer["resumed"]:
                self.seen = 0
        if answer["peers"]:
            self.partner = answer["peers"][0]["peer"]
        self.client = client

    async def _try_to_arrive(self) -> tuple[Client, dict[str, Any]] | None:
        """At the node that is next, as client libraries try again; None when it takes nobody."""
        try:
            client = await Client.connect(self.urls[self.at % len(self.urls)])
            await client.enter({"token": self.someone.token})
            resume = {"resume": self._person | {"seen": self.seen}} if self._person else {}
            return client, await client.join(self.room, **resume)
        except RefusedError as why:
            if why.code not in ("unavailable", "draining"):
                raise
        except (OSError, AssertionError, WebSocketException):
            pass
        self.at += 1
        return None

    async def _live(self) -> None:
        while True:
            assert self.client is not None
            client = self.client
            with contextlib.suppress(AssertionError):
                while True:
                    await client.until(partial(has_events, client), within=60)
                    self._take(client)
            self._take(client)
            self.at += 1
            await self._arrive()

    def _take(self, client: Client) -> None:
        for name, payload in client.events:
            if name == "signal":
                self.seen = max(self.seen, payload["seq"])
                self.heard.append(payload["candidate"]["candidate"])
            elif name == "peer-left":
                self.left.append(payload["reason"])
            elif name == "peer-joined":
                self.partner = payload["peer"]
        client.events.clear()

    async def say(self, text: str) -> bool:
        """Send one candidate; whether it was accepted."""
        client = self.client
        assert client is not None
        try:
            await client.call("signal", {"to": self.partner, "candidate": {"candidate": text}})
        except RefusedError as why:
            self.refusals.append(why.code)
            return False
        except (AssertionError, OSError, ConnectionClosed) as exc:
            self.refusals.append(type(exc).__name__)
            return False
        return True

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert end is None or isinstance(end, asyncio.CancelledError), repr(end)
        if self.client is not None:
            await self.client.close()
