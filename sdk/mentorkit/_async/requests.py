"""Asking for sessions, and answering."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from mentorkit import _columns, _page
from mentorkit._async.auth import AsyncAuth
from mentorkit._async.live import AsyncLive
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import Call, Database, function
from mentorkit._live.feed import Overflow
from mentorkit._live.feeds import REQUESTS
from mentorkit._live.watch import AsyncWatch
from mentorkit._rows import aware, identity, many, one
from mentorkit.answers import Answered
from mentorkit.models import Event, Request, RequestStatus, Role, Session


class AsyncRequests:
    """Asking for sessions, and answering. Reached as `client.requests`."""

    def __init__(self, transport: AsyncTransport, auth: AsyncAuth, live: AsyncLive) -> None:
        self._transport = transport
        self._auth = auth
        self._live = live

    async def create(
        self,
        *,
        mentor_id: UUID | str,
        subject_id: UUID | str,
        title: str,
        requested_time: datetime,
        duration: int,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Ask a mentor for a session. `duration` is 30, 60, 90 or 120 minutes.

        `requested_time` needs a time zone and stands on a whole minute in the future. Safe
        against lost answers: it is repeated with one idempotency key, and the database makes one
        request of it. Pass a key of your own to be safe across restarts of your program too.

        Raises `SlotTaken`, `TimeInPast`, `NotAMentor`, `Invalid` (bad_duration, title_required,
        self_request, unknown_subject, ...), `TooMany` (too_many_open_requests).
        """
        return await self._transport.run(
            function(
                "request_session",
                {
                    "mentor_id": identity("mentor_id", mentor_id),
                    "subject_id": identity("subject_id", subject_id),
                    "title": title,
                    "requested_time": aware("requested_time", requested_time),
                    "duration": duration,
                    "description": description,
                    "idempotency_key": idempotency_key or str(uuid4()),
                },
                one(Request.from_row),
                safe=True,
            )
        )

    async def approve(self, request_id: UUID | str) -> Session:
        """Accept a pending request to you; the session and its room exist when this returns.

        Raises `SlotTaken` when one of you has become busy, `RequestNotPending`, `RequestLapsed`,
        `NotFound`, `NotAllowed` for anybody but the mentor.
        """
        parameters = {"request_id": identity("request_id", request_id)}
        return await self._transport.run(
            function("approve_request", parameters, one(Session.from_row))
        )

    async def reject(self, request_id: UUID | str, *, reason: str) -> Request:
        """Decline a pending request to you, with a reason that the student reads.

        Raises `ReasonRequired` for one that is empty or blank, `RequestNotPending`, `NotFound`.
        """
        parameters = {"request_id": identity("request_id", request_id), "reason": reason}
        return await self._transport.run(
            function("reject_request", parameters, one(Request.from_row))
        )

    async def approve_many(
        self, *request_ids: UUID | str, idempotency_key: str | None = None
    ) -> builtins.list[Answered]:
        """Accept up to 200 requests, one after the other; each entry says what became of one.

        An earlier one may take the time of a later one. Repeated with one key, like `create`.
        """
        parameters = {
            "request_ids": [identity("request_id", row) for row in request_ids],
            "idempotency_key": idempotency_key or str(uuid4()),
        }
        return await self._transport.run(
            function("approve_requests", parameters, many(Answered.from_row), safe=True)
        )

    async def reject_many(
        self, *request_ids: UUID | str, reason: str, idempotency_key: str | None = None
    ) -> builtins.list[Answered]:
        """Decline up to 200 requests with one reason; each entry says what became of one."""
        parameters = {
            "request_ids": [identity("request_id", row) for row in request_ids],
            "reason": reason,
            "idempotency_key": idempotency_key or str(uuid4()),
        }
        return await self._transport.run(
            function("reject_requests", parameters, many(Answered.from_row), safe=True)
        )

    async def withdraw(self, request_id: UUID | str) -> Request:
        """Take back your own pending request; it becomes `cancelled`.

        Raises `RequestNotPending`, `NotFound`.
        """
        parameters = {"request_id": identity("request_id", request_id)}
        return await self._transport.run(
            function("withdraw_request", parameters, one(Request.from_row))
        )

    async def get(self, request_id: UUID | str) -> Request:
        """One request, if you are one of the two. Raises `NotFound`."""
        row = identity("request_id", request_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_requests").select(_columns.REQUEST).eq("id", row).single()
                ),
                one(Request.from_row),
            )
        )

    async def events(self, request_id: UUID | str) -> builtins.list[Event]:
        """What happened to a request and its session, the first thing first."""
        row = identity("request_id", request_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_events")
                    .select(_columns.EVENT)
                    .eq("request_id", row)
                    .order("id")
                ),
                many(Event.from_row),
            )
        )

    async def pending(self, *, limit: int = 100) -> builtins.list[Request]:
        """What waits for your answer as a mentor, the longest waiting first."""
        me = await self._auth.user_id()
        most = _page.size(limit)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_requests")
                    .select(_columns.REQUEST)
                    .eq("mentor_id", str(me))
                    .eq("status", "pending")
                    .order("created_at")
                    .order("id")
                    .limit(most)
                ),
                many(Request.from_row),
            )
        )

    async def list(
        self,
        *,
        role: Role | str | None = None,
        status: RequestStatus | str | None = None,
        limit: int = 100,
        after: Request | None = None,
    ) -> builtins.list[Request]:
        """Your requests, the newest first; `after` is the last row of the page before."""
        me = await self._auth.user_id()
        part = None if role is None else Role(role)
        state = None if status is None else RequestStatus(status)
        most = _page.size(limit)

        def build(db: Database) -> Any:
            query = _page.mine(db.from_("session_requests").select(_columns.REQUEST), me, part)
            if state is not None:
                query = query.eq("status", state.value)
            if after is not None:
                query = _page.after(query, "created_at", after.created_at, after.id)
            return query.order("created_at", desc=True).order("id", desc=True).limit(most)

        return await self._transport.run(Call(build, many(Request.from_row)))

    async def each(
        self,
        *,
        role: Role | str | None = None,
        status: RequestStatus | str | None = None,
        page_size: int = 200,
    ) -> AsyncIterator[Request]:
        """All your requests, the newest first, read page by page as you go."""
        last: Request | None = None
        while True:
            page = await self.list(role=role, status=status, limit=page_size, after=last)
            for row in page:
                yield row
            if len(page) < page_size:
                return
            last = page[-1]

    def watch(
        self,
        *,
        role: Role | str | None = None,
        timeout: float | None = None,
        buffer: int = 1000,
        overflow: Overflow | str = Overflow.REREAD,
    ) -> AsyncWatch[Request]:
        """Your pending requests first, then every request of yours that is made or changes.

        `role` narrows it to what you are asked as a mentor, or ask as a student. The iteration
        ends after `timeout` quiet seconds, or never. `buffer` and `overflow` say what happens
        when you are slower than the changes: `AsyncWatch` has the guarantees.
        """
        return self._live.watch(
            REQUESTS, role=role, timeout=timeout, buffer=buffer, overflow=overflow
        )
