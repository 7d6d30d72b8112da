"""Somebody who watches, for the tests that disturb them."""

from __future__ import annotations

import pytest

from mentorkit import AsyncMentorkit, ConnectionStatus, LiveOptions, Notice
from mentorkit._live.watch import AsyncWatch
from tests.sdk.noticing import write_notices
from tests.support.people import Person
from tests.support.stack import StackEnv
from tests.support.wait import eventually

SOON = 30.0
QUICK = LiveOptions(heartbeat=0.3, patience=0.5, longest_pause=0.3)


class Reader:
    """Somebody who watches their notices, and what they got."""

    def __init__(self, client: AsyncMentorkit, person: Person, own: StackEnv) -> None:
        self.client = client
        self.watch: AsyncWatch[Notice] = client.notifications.watch()
        self.got: list[int] = []
        self._written = 0
        self._person = person
        self._own = own

    async def begin(self) -> None:
        """Iterate until the changes flow."""
        while self.client.connection.status is not ConnectionStatus.LIVE:
            with pytest.raises(TimeoutError):
                await self.watch.next(timeout=0.1)

    async def write(self, many: int) -> None:
        numbers = range(self._written, self._written + many)
        self._written += many
        await write_notices(self._own, self._person.id, numbers)

    async def read_all(self) -> None:
        """Read until everything that was written came; then nothing more may come."""
        while len(self.got) < self._written:
            self.got.append((await self.watch.next(timeout=SOON)).payload["number"])
        assert self.got == list(range(self._written))

    async def read(self, until: int) -> None:
        """Read until there are so many, whatever they are."""
        while len(self.got) < until:
            self.got.append((await self.watch.next()).payload["number"])

    async def nothing_comes_twice(self) -> None:
        with pytest.raises(TimeoutError):
            await self.watch.next(timeout=0.3)
        assert self.got == list(range(self._written))

    async def noticed(self) -> None:
        """Wait until the client has seen that its connection is gone."""

        async def gone() -> bool:
            return self.client.connection.status is not ConnectionStatus.LIVE

        await eventually(gone, within=SOON)


def port_of(own: StackEnv) -> int:
    return int(own.supabase_url.rsplit(":", 1)[1])
