"""The demo's own Supabase: started and stopped through its command line, like a person does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class StackFailed(Exception):
    """The embedded Supabase did not do what it was asked; the message is what it said."""


@dataclass(frozen=True)
class Stack:
    """Where the running stack answers, and with which keys."""

    data: Path
    supabase_url: str
    publishable_key: str
    secret_key: str
    signaling_url: str


def local(command: str, data: Path, *options: str) -> str:
    """Run `python -m local COMMAND --data DATA`; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "local", command, "--data", str(data), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise StackFailed(f"python -m local {command} exited with {done.returncode}:\n{said}")
    return done.stdout


def start(data: Path) -> Stack:
    """Start a stack of its own on free ports, so that it disturbs none that already runs."""
    ports = [
        word
        for name in ("port", "db-port", "signaling-port", "web-port")
        for word in (f"--{name}", "0")
    ]
    local("up", data, "--detach", *ports)
    env: dict[str, Any] = json.loads(local("env", data, "--json"))
    return Stack(
        data=data,
        supabase_url=env["SUPABASE_URL"],
        publishable_key=env["SUPABASE_PUBLISHABLE_KEY"],
        secret_key=env["SUPABASE_SECRET_KEY"],
        signaling_url=env["SIGNALING_URL"],
    )


def mail(stack: Stack, address: str, kind: str) -> dict[str, Any]:
    """The mail of one kind that the stack has caught for an address; waits until it is there."""
    wanted = ("--to", address, "--kind", kind, "--wait", "20", "--json")
    caught: list[dict[str, Any]] = json.loads(local("mail", stack.data, *wanted))
    return caught[0]


def stop(data: Path) -> None:
    """Stop every process of the stack."""
    local("down", data)
