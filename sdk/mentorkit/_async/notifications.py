"""What a user was told, kept so that nobody who was away misses it."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mentorkit import _columns, _page
from mentorkit._async.auth import AsyncAuth
from mentorkit._async.live import AsyncLive
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import Call, Database
from mentorkit._clock import AsyncClock
from mentorkit._live.feed import Overflow
from mentorkit._live.feeds import NOTICES
from mentorkit._live.watch import AsyncWatch
from mentorkit._rows import identity, many
from mentorkit.models import Notice


class AsyncNotifications:
    """What you were told. Reached as `client.notifications`."""

    def __init__(
        self, transport: AsyncTransport, auth: AsyncAuth, live: AsyncLive, clock: AsyncClock
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._live = live
        self._clock = clock

    async def list(
        self, *, unread: bool = False, limit: int = 100, after: Notice | None = None
    ) -> builtins.list[Notice]:
        """Your notices, the newest first; `after` is the last row of the page before."""
        me = await self._auth.user_id()
        most = _page.size(limit)

        def build(db: Database) -> Any:
            query = db.from_("notifications").select(_columns.NOTICE).eq("recipient_id", str(me))
            if unread:
                query = query.is_("read_at", "null")
            if after is not None:
                query = _page.after(query, "created_at", after.created_at, after.id)
            return query.order("created_at", desc=True).order("id", desc=True).limit(most)

        return await self._transport.run(Call(build, many(Notice.from_row)))

    async def each(self, *, unread: bool = False, page_size: int = 200) -> AsyncIterator[Notice]:
        """All your notices, the newest first, read page by page as you go."""
        last: Notice | None = None
        while True:
            page = await self.list(unread=unread, limit=page_size, after=last)
            for row in page:
                yield row
            if len(page) < page_size:
                return
            last = page[-1]

    async def mark_read(self, *notice_ids: UUID | str) -> builtins.list[Notice]:
        """Mark notices as read; gives those that were unread. Doing it twice does nothing."""
        return await self._mark(identity("notice_id", row) for row in notice_ids)

    async def _mark(self, rows: Iterable[str]) -> builtins.list[Notice]:
        wanted = sorted(set(rows))
        if not wanted:
            return []
        now = datetime.fromtimestamp(self._clock.wall(), UTC).isoformat()
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("notifications")
                    .update({"read_at": now})
                    .in_("id", wanted)
                    .is_("read_at", "null")
                    .select(_columns.NOTICE)
                ),
                many(Notice.from_row),
            )
        )

    def watch(
        self,
        *,
        timeout: float | None = None,
        buffer: int = 1000,
        overflow: Overflow | str = Overflow.REREAD,
    ) -> AsyncWatch[Notice]:
        """Your unread notices first, then every one that comes or is read elsewhere.

        Parameters as for `requests.watch`; `AsyncWatch` has the guarantees.
        """
        return self._live.watch(
            NOTICES, role=None, timeout=timeout, buffer=buffer, overflow=overflow
        )
