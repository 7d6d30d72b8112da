"""Failed deliveries are tried again later and later, and then no more."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest

from functions.backoff import MAX_ATTEMPTS, SCHEDULE, wait_after

CHANCE = random.Random(7)


def test_waits_grow_and_end() -> None:
    waits = [wait_after(attempts, CHANCE) for attempts in range(1, MAX_ATTEMPTS)]
    assert all(wait is not None for wait in waits)
    known = [wait for wait in waits if wait is not None]
    assert all(earlier < later for earlier, later in pairwise(known))
    assert sum(known, timedelta()) < timedelta(days=3)
    assert wait_after(MAX_ATTEMPTS, CHANCE) is None


def test_chance_adds_at_most_a_tenth() -> None:
    for _ in range(100):
        wait = wait_after(2, CHANCE)
        assert wait is not None
        assert SCHEDULE[1] <= wait <= SCHEDULE[1] * 1.1


def test_who_asks_for_patience_gets_it_within_a_day() -> None:
    assert wait_after(1, CHANCE, 3600) == timedelta(hours=1)
    assert wait_after(1, CHANCE, 10**9) == timedelta(hours=24)
    assert wait_after(1, CHANCE, -5) is not None


def test_nothing_failed_yet() -> None:
    with pytest.raises(ValueError, match="nothing"):
        wait_after(0, CHANCE)
