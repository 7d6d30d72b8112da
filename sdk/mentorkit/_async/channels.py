"""Calendars and browsers that follow what happens."""

from __future__ import annotations

import builtins
from uuid import UUID

from mentorkit import _columns
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import MINIMAL, Call, function, nothing
from mentorkit._rows import identity, many, one
from mentorkit.channels import Browser, Calendar


class AsyncCalendars:
    """Addresses that calendar programs subscribe to. Reached as `client.calendars`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self) -> Calendar:
        """Make an address of your calendar; its `token` is shown this once.

        Whoever has the address reads your sessions. Raises `TooMany` (too_many_feeds: five).
        """
        return await self._transport.run(
            function("create_calendar_feed", {}, one(Calendar.from_row))
        )

    async def list(self) -> builtins.list[Calendar]:
        """Yours, the oldest first, without their tokens."""
        return await self._transport.run(
            Call(
                lambda db: db.from_("calendar_feeds").select("id,created_at").order("created_at"),
                many(Calendar.from_row),
            )
        )

    async def revoke(self, calendar_id: UUID | str) -> None:
        """Let the address open nothing any more. Doing it twice does nothing."""
        row = identity("calendar_id", calendar_id)
        await self._transport.run(
            Call(
                lambda db: db.from_("calendar_feeds").delete(returning=MINIMAL).eq("id", row),
                nothing,
            )
        )


class AsyncBrowsers:
    """Browsers that show push messages. Reached as `client.browsers`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def subscribe(self, *, endpoint: str, p256dh: str, auth: str) -> UUID:
        """Push to a browser, with what its `PushManager.subscribe` gave; gives its id.

        Doing it twice does nothing, and a browser that was somebody else's becomes yours. Raises
        `Invalid` (bad_subscription), `TooMany` (too_many_subscriptions: twenty).
        """
        parameters = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
        return await self._transport.run(
            function("save_push_subscription", parameters, UUID, safe=True)
        )

    async def list(self) -> builtins.list[Browser]:
        """Yours, the oldest first."""
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("push_subscriptions").select(_columns.BROWSER).order("created_at")
                ),
                many(Browser.from_row),
            )
        )

    async def unsubscribe(self, browser_id: UUID | str) -> None:
        """Push nothing more to that browser. Doing it twice does nothing."""
        row = identity("browser_id", browser_id)
        await self._transport.run(
            Call(
                lambda db: db.from_("push_subscriptions").delete(returning=MINIMAL).eq("id", row),
                nothing,
            )
        )
