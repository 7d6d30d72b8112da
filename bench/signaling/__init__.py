"""Signaling servers against each other: `python -m bench signaling`."""

from __future__ import annotations

import subprocess
import sys

TITLE = "Signaling: relay, latency, joins and memory, one server on one core, one client for all"


def run() -> list[str]:
    """Measure in a process of its own, because it pins itself to a core."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.signaling"], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()
