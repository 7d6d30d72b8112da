"""How large a campaign is: reduced in `make test`, as promised in `make test-long`."""

from __future__ import annotations

import os


def size(reduced: int, full: int) -> int:
    """`full` when MENTORKIT_TEST_LONG is 1, else `reduced`."""
    return full if os.environ.get("MENTORKIT_TEST_LONG") == "1" else reduced
