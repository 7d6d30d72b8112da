"""A stack that belongs to one test, which may kill any part of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.people import PASSWORD, Person
from tests.support.stack import ANY_PORTS, REPO, Said, StackEnv, local_command, read_env, run_local
from tests.support.wait import eventually


@dataclass(frozen=True)
class OwnStack:
    """Handles of one stack; all go through the command line and the files it documents."""

    data: Path

    async def local(self, command: str, *options: str) -> Said:
        return await run_local(command, "--data", str(self.data), *options)

    async def up(self, *options: str) -> StackEnv:
        """Start it in the background; its addresses."""
        said = await self.local("up", "--detach", *(options or ANY_PORTS))
        assert said.code == 0, said.out + said.err
        return self.env()

    def env(self) -> StackEnv:
        return read_env(self.data)

    @contextlib.asynccontextmanager
    async def in_foreground(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start it as one does at a terminal, not waiting for it to be ready."""
        process = await asyncio.create_subprocess_exec(
            *local_command("up", "--data", str(self.data), *ANY_PORTS),
            cwd=REPO,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.communicate()

    def state(self) -> dict[str, object]:
        """What it wrote down about itself; empty while it is stopped."""
        try:
            read: dict[str, object] = json.loads((self.data / "state.json").read_text())
        except FileNotFoundError:
            return {}
        return read

    def pid(self, service: str) -> int:
        children = self.state()["children"]
        assert isinstance(children, dict)
        return int(children[service])

    def supervisor(self) -> int:
        return int(str(self.state()["pid"]))

    async def ended(self, within: float = 15.0) -> None:
        """Return when no process of it is left."""

        async def none() -> bool:
            return not processes_of(self.data)

        await eventually(none, within)

    def log(self, service: str) -> str:
        return (self.data / "logs" / f"{service}.log").read_text()


def processes_of(data: Path) -> dict[int, str]:
    """Every process that works in a data directory or was told its name."""
    found: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            inside = (entry / "cwd").readlink().is_relative_to(data)
        except OSError:  # gone meanwhile
            continue
        if (inside or str(data) in command) and int(entry.name) != os.getpid():
            found[int(entry.name)] = command
    return found


async def can_sign_in(stack: StackEnv, person: Person) -> bool:
    """True when auth, and the database behind it, know this person."""
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=10) as http:
        try:
            answer = await http.post(
                "/auth/v1/token",
                params={"grant_type": "password"},
                headers={"apikey": stack.publishable_key},
                json={"email": person.email, "password": PASSWORD},
            )
        except httpx.TransportError:
            return False
    return answer.status_code == 200


async def own_profile(stack: StackEnv, person: Person) -> bool:
    """True when the data API gives a person their own profile."""
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=10) as http:
        try:
            answer = await http.get(
                "/rest/v1/profiles",
                params={"id": f"eq.{person.id}", "select": "name"},
                headers=person.headers(stack),
            )
        except httpx.TransportError:
            return False
    return answer.status_code == 200 and answer.json() == [{"name": person.name}]
