"""Quiet hours: when a person's clock says night, mail and push wait for the morning."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """A daily range of wall-clock time, `start` included, `end` excluded; it may span midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def holds_until(self, now: datetime) -> datetime | None:
        """The instant quiet ends when `now` lies in it, else None.

        The answer is always later than `now` and is an instant at which it is no longer quiet, also
        in the nights when the clock is changed: an end that is skipped by the clock moves behind
        the gap.
        """
        if now.tzinfo is None:
            raise ValueError("quiet hours need an aware time")
        if self.start == self.end:
            return None
        local = now.astimezone(self.zone)
        if not self._quiet(local.time()):
            return None
        day = local.date()
        if local.time() >= self.end:
            day += timedelta(days=1)
        end = datetime.combine(day, self.end, self.zone)
        # An end inside a repeated hour happens twice: take the first that is still ahead. One
        # inside a gap can be read as a time before the gap, which would be quiet still.
        ends = sorted(end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        ahead = (moment for moment in ends if moment > now)
        return next((m for m in ahead if not self._quiet(m.astimezone(self.zone).time())), None)

    def _quiet(self, at: time) -> bool:
        at = at.replace(fold=0)
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end
