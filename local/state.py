"""What a stack writes down about itself, and the lock that says whether it is true."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.layout import Layout
from local.ports import Ports


@dataclass(frozen=True)
class State:
    """A running stack, as `status`, `env` and `down` see it."""

    pid: int
    ready: bool
    ports: Ports
    children: dict[str, int] = field(default_factory=dict)
    """Process ids by service."""
    born: dict[str, str] = field(default_factory=dict)
    """When each of them started: a process id alone may be somebody else's by now."""

    def save(self, file: Path) -> None:
        scratch = file.with_name(f"{file.name}.{os.getpid()}")
        scratch.write_text(json.dumps(asdict(self), indent=2))
        scratch.replace(file)

    @classmethod
    def load(cls, file: Path) -> State | None:
        """What was written last; None when nothing was."""
        try:
            raw = json.loads(file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return cls(**{**raw, "ports": Ports(**raw["ports"])})


class Busy(Exception):
    """Another process holds the data directory."""


@contextlib.contextmanager
def hold(layout: Layout) -> Iterator[None]:
    """Hold the data directory, or raise Busy.

    The kernel lets go of it when this process ends, however it ends: no stale lock is left.
    """
    descriptor = os.open(layout.data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Busy from exc
        yield
    finally:
        os.close(descriptor)


def is_held(layout: Layout) -> bool:
    """True while a stack runs from this data directory."""
    try:
        with hold(layout):
            return False
    except Busy:
        return True
    except FileNotFoundError:
        return False


def birth(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def end_leftovers(state: State, within: float = 10.0) -> list[str]:
    """End children that outlived a supervisor that was killed; returns their names.

    They are gone when this returns. Only with the data directory held.
    """
    left = {
        name: pid
        for name, pid in state.children.items()
        if (born := birth(pid)) is not None and born == state.born.get(name)
    }
    for name, pid in left.items():
        # Each leads a process group of its own. PostgreSQL takes SIGQUIT for "at once".
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
    deadline = time.monotonic() + within
    for name, pid in left.items():
        while birth(pid) == state.born[name]:
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.01)
    return sorted(left)
