"""How large a campaign is: reduced in `make test`, as promised in `make test-long`; and the seeds
that its chances are drawn from.
"""

from __future__ import annotations

import os


def size(reduced: int, full: int) -> int:
    """`full` when MENTORKIT_TEST_LONG is 1, else `reduced`."""
    return full if os.environ.get("MENTORKIT_TEST_LONG") == "1" else reduced


def seeds(*usual: int) -> list[int]:
    """The seeds to run with: `usual`, or the one that MENTORKIT_TEST_SEED names."""
    chosen = os.environ.get("MENTORKIT_TEST_SEED")
    return [int(chosen)] if chosen else list(usual)
