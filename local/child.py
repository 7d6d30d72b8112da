"""Child processes that cannot outlive the stack."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.account import Account
from local.faults import StackError

PR_SET_PDEATHSIG = 1
STOP_WITHIN = 6.0


@dataclass
class Child:
    """A running service: its process, and where it writes what it has to say."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def release(self) -> None:
        """Let a service that was started with `gated=True` go on."""
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(b"go\n")

    async def stop(self, within: float = STOP_WITHIN) -> None:
        """Ask it to end, and make it end; returns when it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), within)
        # Its own session is its process group: nothing it started stays behind either.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.process.wait()

    def how_it_ended(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with {code}"

    def fault(self) -> StackError:
        """What to tell the user when this service ended by itself."""
        told = f"{self.name} {self.how_it_ended()}; its log is {self.log}"
        return StackError(told + quoted_end(self.log))


async def spawn(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    cwd: Path | None = None,
    gated: bool = False,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a service in a session of its own, its output going to `log`.

    When this process dies, however it dies, the kernel sends the child `stop_signal` (Linux). Must
    be called on the main thread: the kernel watches the thread that forked. A gated child finds a
    pipe as its standard input, to wait for `release`.
    """
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if gated else asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(env),
            cwd=cwd or "/",
            start_new_session=True,
            preexec_fn=death_signal(stop_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    return Child(name, process, log, stop_signal)


async def finish(
    command: Sequence[str], *, env: Mapping[str, str], account: Account | None = None
) -> None:
    """Run a command to its end, or to the end of this task.

    Raises StackError with what it said when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(env),
        cwd="/",
        start_new_session=True,
        preexec_fn=death_signal(signal.SIGKILL),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    if process.returncode != 0:
        tool = Path(command[0]).name
        raise StackError(f"{tool} failed ({process.returncode}):\n{said.decode(errors='replace')}")


def death_signal(number: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: it runs after the change of user, which would clear the setting."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_it() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_for_it


def quoted_end(log: Path, lines: int = 8) -> str:
    """The last lines of a log, indented, to be put under a message; empty when there is nothing."""
    try:
        text = log.read_text(errors="replace").strip()
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in text.splitlines()[-lines:])
