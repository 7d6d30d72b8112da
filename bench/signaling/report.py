"""The table of one run, with ratios to Node socket.io and PeerJS."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.signaling.contenders import contenders
from bench.signaling.load import Rate

HEAD = """\
Two peers a room, 1 (w1) or 8 (w8) messages in flight each, one 1.5 KB offer to three candidates of
200 B; CPU, p50 and p99 at 1,000 messages a second; KB per idle, admitted connection. In brackets:
per second of the server's processor time, which says something on a busy machine too.

| server | msg/s, w1 | msg/s, w8 | CPU ms per 1,000 | p50 µs | p99 µs | joins/s | KB each |
|---|---|---|---|---|---|---|---|"""


@dataclass
class Numbers:
    """What was measured of one server, a number a slice."""

    one: list[Rate] = field(default_factory=list)
    eight: list[Rate] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    joins: list[Rate] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


MEASURES: dict[str, Callable[[Numbers], float]] = {
    "w1": lambda of: _wall(of.one),
    "w1 per CPU second": lambda of: _cpu(of.one),
    "w8": lambda of: _wall(of.eight),
    "w8 per CPU second": lambda of: _cpu(of.eight),
    "CPU at 1,000/s": lambda of: statistics.median(of.cpu),
    "p50": lambda of: statistics.median(of.p50),
    "p99": lambda of: statistics.median(of.p99),
    "joins": lambda of: _wall(of.joins),
    "joins per CPU second": lambda of: _cpu(of.joins),
    "memory": lambda of: statistics.median(of.memory),
}
PAIRS = (("ours", "node"), ("ours", "peerjs"), ("asgi", "node"), ("ours", "stock"))


def report(numbers: dict[str, Numbers]) -> list[str]:
    lines = HEAD.splitlines()
    for one in contenders(""):
        if (found := numbers.get(one.name)) is not None:
            lines.append(_row(one.title, found))
    known = [(a, b) for a, b in PAIRS if a in numbers and b in numbers]
    lines += ["", f"| ratio | {' | '.join(f'`{a}` to `{b}`' for a, b in known)} |"]
    lines.append("|---" * (len(known) + 1) + "|")
    for what, measure in MEASURES.items():
        ratios = (measure(numbers[a]) / max(measure(numbers[b]), 1e-9) for a, b in known)
        lines.append(f"| {what} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return lines


def _row(title: str, found: Numbers) -> str:
    joined = _both(found.joins) if found.joins else "-"
    median = statistics.median
    return (
        f"| {title} | {_both(found.one)} | {_both(found.eight)} | {median(found.cpu):.0f}"
        f" | {median(found.p50):.0f} | {median(found.p99):.0f} | {joined}"
        f" | {median(found.memory):.0f} |"
    )


def _both(rates: list[Rate]) -> str:
    return f"{_wall(rates):,.0f} ({_cpu(rates):,.0f})"


def _wall(rates: list[Rate]) -> float:
    return statistics.median(rate.wall for rate in rates)


def _cpu(rates: list[Rate]) -> float:
    return statistics.median(rate.cpu for rate in rates)
