"""How long the embedded Supabase takes to come up, to go down and to recover, and what it needs."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TITLE = "Stack: up, down, recovery"

FIRST_TIMES = 3
TIMES = 5
ANY_PORTS = ("--port", "0", "--db-port", "0", "--signaling-port", "0", "--web-port", "0")
LIMITS = {"first": 8.0, "stopped": 4.0}


@dataclass(frozen=True)
class Stack:
    """One stack, driven through its command line."""

    data: Path

    def local(self, command: str, *options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "local", command, "--data", str(self.data), *options],
            check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.stdout

    def up(self) -> None:
        self.local("up", "--detach", *ANY_PORTS)

    def first_up(self) -> tuple[float, float]:
        """How long it takes to come up from nothing, and how long initdb took of that."""
        command = [sys.executable, "-m", "local", "up", "--detach", "--data", str(self.data)]
        seen: dict[str, float] = {}
        began = time.perf_counter()
        with subprocess.Popen([*command, *ANY_PORTS], stdout=subprocess.PIPE, text=True) as up:
            assert up.stdout is not None
            for line in up.stdout:
                seen[line.strip()] = time.perf_counter() - began
        return time.perf_counter() - began, seen["starting postgres"] - seen["making the database"]

    def env(self) -> dict[str, str]:
        named: dict[str, str] = json.loads(self.local("env", "--json"))
        return named

    def pids(self) -> dict[str, int]:
        state = json.loads((self.data / "state.json").read_text())
        children: dict[str, int] = state["children"]
        return {"supervisor": state["pid"], **children}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def megabytes(pids: list[int]) -> float:
    """Memory of processes; what they share with others is divided among those."""
    total = 0.0
    for one in pids:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def family(pid: int) -> list[int]:
    """A process with those it started."""
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            found.append(int(entry.name))
    return found


def recovery(stack: Stack) -> float:
    """From kill -9 of PostgreSQL until the data API gives rows again."""
    env = stack.env()
    url = f"{env['SUPABASE_URL']}/rest/v1/subjects?select=id"
    asked = urllib.request.Request(url, headers={"apikey": env["SUPABASE_PUBLISHABLE_KEY"]})
    killed = stack.pids()["postgres"]
    began = time.perf_counter()
    os.kill(killed, signal.SIGKILL)
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                if stack.pids()["postgres"] != killed and json.load(answer):
                    return time.perf_counter() - began
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.005)


def run() -> list[str]:
    """Measure on stacks of one's own; the machine should be idle."""
    first: list[float] = []
    initdb: list[float] = []
    stopped: list[float] = []
    down: list[float] = []
    with tempfile.TemporaryDirectory(prefix="mentorkit-bench-") as home:
        Path(home).chmod(0o755)
        stack = Stack(Path(home) / "data")
        try:
            for _ in range(FIRST_TIMES):
                stack.local("down", "--remove")
                whole, made = stack.first_up()
                first.append(whole)
                initdb.append(made)
                down.append(seconds(lambda: stack.local("down")))
            for _ in range(TIMES):
                stopped.append(seconds(stack.up))
                down.append(seconds(lambda: stack.local("down")))
            stack.up()
            again = seconds(stack.up)
            reset = seconds(lambda: stack.local("reset"))
            memory = {
                name: megabytes(family(pid) if name == "postgres" else [pid])
                for name, pid in stack.pids().items()
            }
            recovered = recovery(stack)
        finally:
            stack.local("down", "--remove")
    alone = statistics.median(initdb)
    compared = (
        f"The first time takes {statistics.median(first) / alone:.1f} times as long as initdb "
        f"alone, from stopped {statistics.median(stopped) / alone:.1f} times."
    )
    return [
        "Each line is a whole command, the start of Python included.",
        "",
        "| what | median | worst | at most |",
        "|---|---:|---:|---:|",
        line("`up --detach`, first time (initdb, bootstrap, migrations)", first, LIMITS["first"]),
        line("of this PostgreSQL's own initdb", initdb),
        line("`up --detach` from stopped", stopped, LIMITS["stopped"]),
        line("`down`", down),
        line("`up` on a running stack", [again]),
        line("`reset` (database, bootstrap, migrations, seed)", [reset]),
        line("kill -9 of PostgreSQL until the data API answers", [recovered]),
        "",
        compared,
        "",
        f"Memory (proportional): {sum(memory.values()):.0f} MB: "
        + ", ".join(f"{name} {size:.0f}" for name, size in sorted(memory.items())) + ".",
    ]  # fmt: skip


def line(what: str, times: list[float], limit: float | None = None) -> str:
    bound = f"{limit:.0f} s" if limit is not None else ""
    return f"| {what} | {statistics.median(times):.2f} s | {max(times):.2f} s | {bound} |"
