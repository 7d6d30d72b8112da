"""When a failed delivery is tried again."""

import random
from datetime import timedelta

SCHEDULE = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""The wait after the first, second, ... failed attempt; after the last one the letter is dead."""

MAX_ATTEMPTS = len(SCHEDULE) + 1
LONGEST_ASKED = timedelta(hours=24)


def wait_after(
    attempts: int, chance: random.Random, asked: float | None = None
) -> timedelta | None:
    """How long to wait after `attempts` failures; None when it is time to give up.

    Up to a tenth is added at random, so that what failed together does not come back together. A
    receiver that asked for a longer wait (Retry-After, in seconds) gets it, within a day.
    """
    if attempts < 1:
        raise ValueError("nothing has failed yet")
    if attempts >= MAX_ATTEMPTS:
        return None
    wait = SCHEDULE[attempts - 1] * (1 + chance.random() / 10)
    if asked is not None:
        wait = max(wait, min(timedelta(seconds=max(asked, 0.0)), LONGEST_ASKED))
    return wait
