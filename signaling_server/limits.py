"""Bounds on how much, per socket, person and address.

An `Allowance` looks at the clock only when its credit is used up, so that spending is one
subtraction on the path of every message. What was earned since the last look is then granted, at
most the burst: over any time t no more than rate * t + 2 * burst is ever spent.
"""

from collections.abc import Callable


class Allowance:
    """Credit that comes back at `rate` a second, at most `burst` at once."""

    __slots__ = ("_burst", "_clock", "_rate", "_since", "left")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._since = clock()
        self.left = burst

    def spend(self, cost: float) -> bool:
        """Take `cost`, or answer False and take nothing."""
        left = self.left - cost
        if left >= 0:
            self.left = left
            return True
        now = self._clock()
        left = min(self._burst, self.left + (now - self._since) * self._rate) - cost
        if left < 0:
            return False
        self._since = now
        self.left = left
        return True

    def full(self) -> bool:
        """Whether nothing is owed any more, so that it can be forgotten."""
        return self.left + (self._clock() - self._since) * self._rate >= self._burst


class NoLimit:
    """Where there is nothing to bound yet."""

    __slots__ = ()

    def spend(self, cost: float) -> bool:
        return True


NO_LIMIT = NoLimit()


class Allowances:
    """One allowance per key, forgotten when it has filled up again."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._of: dict[str, Allowance] = {}

    def __len__(self) -> int:
        return len(self._of)

    def of(self, key: str) -> Allowance:
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = Allowance(self._rate, self._burst, self._clock)
        return found

    def forget_idle(self, held: Callable[[str], bool] = lambda key: False) -> None:
        """Drop the full ones; those still `held` by a live socket stay, as they are shared."""
        self._of = {key: one for key, one in self._of.items() if held(key) or not one.full()}


def per_minute(count: int, clock: Callable[[], float]) -> Allowances:
    return Allowances(count / 60, count, clock)


class Counter:
    """How many of something each key has."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def __getitem__(self, key: str) -> int:
        return self._of.get(key, 0)

    def add(self, key: str) -> None:
        self._of[key] = self._of.get(key, 0) + 1

    def remove(self, key: str) -> None:
        left = self._of.get(key, 0) - 1
        if left > 0:
            self._of[key] = left
        else:
            self._of.pop(key, None)
