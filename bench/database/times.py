"""What many durations amount to."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(times: Sequence[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]
