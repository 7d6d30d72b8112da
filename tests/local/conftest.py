"""Stacks that a test may hurt: copies of one that was made once and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.own_stack import OwnStack, processes_of
from tests.support.people import Person, sign_up
from tests.support.stack import REPO, StackEnv, local_command, start_stack


@dataclass(frozen=True)
class Prepared:
    """A stopped stack that ran once: whoever copies it gets its keys and its people."""

    data: Path
    env: StackEnv
    """As it was when it ran; its ports are free again."""
    ada: Person


@pytest.fixture(scope="session")
def prepared() -> Iterator[Prepared]:
    """A stopped stack with all migrations, the seed, and Ada."""
    data = reachable_directory() / "data"
    env = start_stack(data)
    ada = asyncio.run(sign_up(env, "Ada"))
    run("down", data)
    yield Prepared(data, env, ada)
    run("down", data, "--remove")
    data.parent.rmdir()


@pytest.fixture
def own(prepared: Prepared) -> Iterator[OwnStack]:
    """A stopped stack of one's own, with data in it; checked to leave nothing behind."""
    with copied(prepared.data) as stack:
        yield stack


@pytest.fixture
def blank(tmp_path: Path) -> OwnStack:
    """A stack that was never started."""
    return OwnStack(tmp_path / "data")


@pytest.fixture
def another(prepared: Prepared) -> Iterator[OwnStack]:
    """A second one."""
    with copied(prepared.data) as stack:
        yield stack


@pytest.fixture(scope="module")
def running(prepared: Prepared) -> Iterator[OwnStack]:
    """A running one, shared by the tests of a module; they leave it running."""
    with copied(prepared.data) as stack:
        start_stack(stack.data)
        yield stack


@contextlib.contextmanager
def copied(data: Path) -> Iterator[OwnStack]:
    home = reachable_directory()
    subprocess.run(["cp", "-a", str(data), str(home / "data")], check=True)
    stack = OwnStack(home / "data")
    try:
        yield stack
    finally:
        run("down", stack.data, "--remove")
        left = processes_of(stack.data)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(home)
    assert left == {}, "processes were left behind"


def reachable_directory() -> Path:
    """A directory that the user who runs PostgreSQL can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="mk"))
    made.chmod(0o755)
    return made


def run(command: str, data: Path, *options: str) -> None:
    subprocess.run(
        local_command(command, "--data", str(data), *options),
        cwd=REPO, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
