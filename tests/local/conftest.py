"""Stacks that a test may hurt: copies of one that was made once and stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.own import OwnStack, processes_of
from tests.support.stack import REPO, local_command, start_stack


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """The data directory of a stopped stack with all migrations and the seed."""
    data = reachable_directory() / "data"
    start_stack(data)
    run("down", data)
    yield data
    run("down", data, "--remove")
    data.parent.rmdir()


@pytest.fixture
def own(prepared: Path) -> Iterator[OwnStack]:
    """A stopped stack of one's own, with data in it; checked to leave nothing behind."""
    with copied(prepared) as stack:
        yield stack


@pytest.fixture
def another(prepared: Path) -> Iterator[OwnStack]:
    """A second one."""
    with copied(prepared) as stack:
        yield stack


@contextlib.contextmanager
def copied(prepared: Path) -> Iterator[OwnStack]:
    home = reachable_directory()
    subprocess.run(["cp", "-a", str(prepared), str(home / "data")], check=True)
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
