"""The servers, each started alone on one core."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench.signaling.dialects import Bare, Dialect, PeerJs, SocketIo

HERE = Path(__file__).parent
REPO = HERE.parent.parent

# Every bound stays in force; those on rate and on one address are raised above what one machine
# that plays four hundred people sends.
RAISED = {
    "SIGNALING_MESSAGE_RATE": "1000000",
    "SIGNALING_MESSAGE_BURST": "1000000",
    "SIGNALING_USER_MESSAGE_RATE": "1000000",
    "SIGNALING_USER_MESSAGE_BURST": "1000000",
    "SIGNALING_CONNECTIONS_PER_ADDRESS": "100000",
    "SIGNALING_CONNECTS_PER_MINUTE_ADDRESS": "10000000",
    "SIGNALING_JOINS_PER_MINUTE_ADDRESS": "10000000",
    "SIGNALING_JOINS_PER_MINUTE_USER": "10000000",
    "SIGNALING_ROOMS_PER_USER": "1000000",
    "SIGNALING_LOG_LEVEL": "warning",
    "SIGNALING_PORT": "0",
}


@dataclass(frozen=True)
class Contender:
    """How to start one server and how to talk to it."""

    name: str
    title: str
    command: tuple[str, ...]
    dialect: Dialect
    env: dict[str, str] = field(default_factory=dict)


def contenders(project_url: str) -> list[Contender]:
    ours = RAISED | {"SUPABASE_URL": project_url, "SUPABASE_PUBLISHABLE_KEY": "bench"}
    python = sys.executable
    node = _node()
    socketio = (node, str(HERE / "node" / "socketio.mjs"))
    return [
        Contender("ours", "**ours** (`python -m signaling_server`)",
                  (python, "-m", "signaling_server", "--port", "0"), SocketIo(), ours),
        Contender("asgi", "ours on uvicorn (`LeanWebSocket`)",
                  (python, "-m", "signaling_server", "--port", "0", "--carrier", "uvicorn"),
                  SocketIo(), ours),
        Contender("node", "Node socket.io 4.8, same admission", socketio, SocketIo(),
                  {"ADMISSION": project_url}),
        Contender("peerjs", "PeerJS server (no admission)",
                  (node, str(HERE / "node" / "peerjs.mjs")), PeerJs()),
        Contender("stock", "python-socketio 5.18 as it comes (no admission)",
                  (python, "-m", "bench.signaling.stock"), SocketIo()),
        Contender("ws", "limit: Node `ws`, bare relay", (node, str(HERE / "node" / "ws.mjs")),
                  Bare()),
        Contender("picows", "limit: picows, bare relay",
                  (python, "-m", "bench.signaling.picows_relay"), Bare()),
    ]  # fmt: skip


def _node() -> str:
    """The real binary: what is on PATH may be a script that starts it as a child."""
    asked = subprocess.run(
        ["node", "-p", "process.execPath"], check=True, capture_output=True, text=True
    )
    return asked.stdout.strip()


class Running:
    """A started server."""

    def __init__(self, process: asyncio.subprocess.Process, base: str) -> None:
        self._process = process
        self.base = base

    @classmethod
    async def start(cls, contender: Contender, core: int) -> Running:
        process = await asyncio.create_subprocess_exec(
            "taskset", "-c", str(core), *contender.command,
            cwd=REPO, env=dict(os.environ) | contender.env | {"NODE_ENV": "production"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(20):
            while line := (await process.stdout.readline()).decode():
                if found := re.search(r"^port (\d+)|^listening on .*:(\d+)", line):
                    return cls(process, f"http://127.0.0.1:{found[1] or found[2]}")
        raise RuntimeError(f"{contender.name} did not start")

    def cpu_seconds(self) -> float:
        """Processor time of all its threads."""
        total = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()
