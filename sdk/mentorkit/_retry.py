"""When a call is tried again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

from mentorkit.errors import RateLimited, Unavailable


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently calls are repeated.

    Only what is safe to repeat is repeated: reads, writes that carry an idempotency key, and
    writes of which it is certain that they never arrived. A server that asks for more than
    `longest` seconds (Retry-After) is not waited for: the error says how long it wants.
    """

    attempts: int = 4
    first: float = 0.2
    longest: float = 5.0

    def delay(self, attempt: int, fault: Unavailable, *, safe: bool) -> float | None:
        """Seconds before attempt number `attempt + 1`, or None to give up."""
        if attempt >= self.attempts:
            return None
        if not (safe or not fault.maybe_done):
            return None
        if fault.retry_after is not None:
            return fault.retry_after if fault.retry_after <= self.longest else None
        failures = attempt + 2 if isinstance(fault, RateLimited) else attempt
        return backoff(failures, first=self.first, longest=self.longest)


def backoff(failures: int, *, first: float = 0.25, longest: float = 30.0) -> float:
    """Seconds to wait after so many failures in a row: doubling, bounded, and jittered.

    Jitter spreads clients that failed together; the half that is sure keeps it a pause.
    """
    doubled: float = first * 2.0 ** min(failures - 1, 16)
    return min(longest, doubled) * random.uniform(0.5, 1.0)
