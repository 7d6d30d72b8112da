"""One line a step: what was done, what came of it, how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WIDTH = 46


class StepFailed(Exception):
    """A step of the story did not come out; carries the step's name, the cause is chained."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


@dataclass
class Outcome:
    """What a step wants said behind its name."""

    text: str = ""


@dataclass
class Report:
    """Prints each step when it ends; knows how long the whole took."""

    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[Outcome]:
        """Time a step; a failure inside leaves as `StepFailed`, with the cause chained."""
        outcome = Outcome()
        start = time.monotonic()
        try:
            yield outcome
        except Exception as fault:
            self._line("FAIL", name, start, f"{type(fault).__name__}: {fault}")
            raise StepFailed(name) from fault
        self._line("ok", name, start, outcome.text)

    def _line(self, verdict: str, name: str, start: float, text: str) -> None:
        took = (time.monotonic() - start) * 1000
        print(f"{verdict:<4} {name:<{WIDTH}} {took:7.0f} ms  {text}".rstrip(), flush=True)

    @property
    def seconds(self) -> float:
        """Since the report was begun."""
        return time.monotonic() - self.started
