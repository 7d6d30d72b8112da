"""Stacks for tests: started through the command line, on free ports, each in its own directory."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
ANY_PORTS = ("--port", "0", "--db-port", "0", "--signaling-port", "0", "--web-port", "0")
GIVEN = "MENTORKIT_TEST_SUPABASE_URL"


@dataclass(frozen=True)
class StackEnv:
    """Where a Supabase is and how to enter it. Does not say which kind it is."""

    supabase_url: str
    publishable_key: str
    secret_key: str
    database_url: str
    signaling_url: str
    functions_url: str
    web_url: str

    @classmethod
    def read(cls, names: Mapping[str, str], prefix: str = "") -> StackEnv:
        """From variables named as by `python -m local env`, each with `prefix` before it."""
        url = names[f"{prefix}SUPABASE_URL"]
        return cls(
            supabase_url=url,
            publishable_key=names[f"{prefix}SUPABASE_PUBLISHABLE_KEY"],
            secret_key=names[f"{prefix}SUPABASE_SECRET_KEY"],
            database_url=names[f"{prefix}DATABASE_URL"],
            signaling_url=names.get(f"{prefix}SIGNALING_URL", ""),
            functions_url=names.get(f"{prefix}FUNCTIONS_URL", f"{url}/functions/v1"),
            web_url=names.get(f"{prefix}WEB_URL", ""),
        )


def given_stack() -> StackEnv | None:
    """The Supabase that MENTORKIT_TEST_* variables name, if they do."""
    if GIVEN not in os.environ:
        return None
    named = dict(os.environ)
    for name in ("PUBLISHABLE_KEY", "SECRET_KEY"):
        named.setdefault(f"MENTORKIT_TEST_SUPABASE_{name}", named.get(f"MENTORKIT_TEST_{name}", ""))
    return StackEnv.read(named, "MENTORKIT_TEST_")


@dataclass(frozen=True)
class Said:
    """What a finished command said."""

    code: int
    out: str
    err: str


def local_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "local", *arguments]


async def run_local(
    *arguments: str, within: float = 60.0, env: Mapping[str, str] | None = None
) -> Said:
    """Run `python -m local ...` to its end."""
    process = await asyncio.create_subprocess_exec(
        *local_command(*arguments),
        cwd=REPO,
        env=None if env is None else dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), within)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), err.decode())


def start_stack(data: Path) -> StackEnv:
    """A stack of one's own in `data`, ready when this returns."""
    up = subprocess.run(
        local_command("up", "--detach", "--data", str(data), *ANY_PORTS),
        cwd=REPO, capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert up.returncode == 0, up.stdout + up.stderr
    return read_env(data)


def read_env(data: Path) -> StackEnv:
    said = subprocess.run(
        local_command("env", "--json", "--data", str(data)),
        cwd=REPO, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return StackEnv.read(json.loads(said.stdout))


def stop_stack(data: Path) -> None:
    """Stop a stack and remove all it kept."""
    subprocess.run(
        local_command("down", "--remove", "--data", str(data)),
        cwd=REPO, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
