"""What a watcher has given already, as little as is enough to give nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from mentorkit._live.feed import Changing

OVERLAP = timedelta(seconds=60)
"""How long a transaction may take: its rows carry the time they were written and are seen when it
ends. Several times the longest statement that Supabase allows through the API (8 s)."""

EPOCH = datetime(1, 1, 2, tzinfo=UTC)


class Known:
    """The newest version given of every row that can still come again.

    Rows that changed before `floor` have all been read: they never come again, so they need not
    be remembered. The memory is that of the rows changed since about two minutes.
    """

    def __init__(self) -> None:
        self.begun = False
        self.mark = EPOCH
        """All rows that changed up to here, less `OVERLAP`, have been read."""
        self._newest = EPOCH
        self._versions: dict[UUID, datetime] = {}

    @property
    def floor(self) -> datetime:
        """What a read has to begin with."""
        return self.mark - OVERLAP if self.mark > EPOCH + OVERLAP else EPOCH

    def is_news(self, row: Changing) -> bool:
        """Whether this version has yet to be given; noted as given when it has."""
        version = row.updated_at
        if version < self.floor:
            return False
        last = self._versions.get(row.id)
        if last is not None and version <= last:
            return False
        self.note(row)
        return True

    def note(self, row: Changing) -> None:
        """Remember this version as given."""
        self._versions[row.id] = row.updated_at
        self.saw(row)

    def saw(self, row: Changing) -> None:
        """A read has come this far."""
        self._newest = max(self._newest, row.updated_at)

    def covers(self, row: Changing) -> bool:
        """Whether rows older than this one need not be remembered."""
        return self._newest - row.updated_at > OVERLAP

    def read_through(self) -> None:
        """A whole read has ended: everything it could see was seen."""
        self.begun = True
        self.mark = self._newest
        floor = self.floor
        if len(self._versions) > 256:
            self._versions = {
                row: version for row, version in self._versions.items() if version >= floor
            }
