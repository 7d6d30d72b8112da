"""How often one address may try to get in."""

from collections.abc import Callable

from local.gateway.auth.faults import Fault

WINDOW_SECONDS = 60.0
# Beyond this many addresses those whose window is over are forgotten.
MANY = 10_000


class Limit:
    """At most `attempts` calls a minute and address; None lets everybody through."""

    def __init__(self, attempts: int | None, clock: Callable[[], float]) -> None:
        self._attempts = attempts
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, address: str) -> None:
        """Take note of an attempt; raises Fault when it is one too many."""
        if self._attempts is None:
            return
        now = self._clock()
        began, made = self._windows.get(address, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, made = now, 0
        if made >= self._attempts:
            raise Fault(429, "over_request_rate_limit", "Request rate limit reached")
        if len(self._windows) >= MANY:
            self._forget(now)
        self._windows[address] = (began, made + 1)

    def _forget(self, now: float) -> None:
        self._windows = {
            address: window
            for address, window in self._windows.items()
            if now - window[0] < WINDOW_SECONDS
        }
