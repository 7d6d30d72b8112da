"""Sessions: what was agreed, and what became of it."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mentorkit import _columns, _page
from mentorkit._async.auth import AsyncAuth
from mentorkit._async.live import AsyncLive
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import Call, Database, function
from mentorkit._clock import AsyncClock
from mentorkit._live.feed import Overflow
from mentorkit._live.feeds import SESSIONS
from mentorkit._live.watch import AsyncWatch
from mentorkit._rows import aware, identity, many, one
from mentorkit.answers import Proposal, Rating
from mentorkit.models import Event, NoShow, Reminder, Role, Session


class AsyncSessions:
    """What was agreed, and what became of it. Reached as `client.sessions`."""

    def __init__(
        self, transport: AsyncTransport, auth: AsyncAuth, live: AsyncLive, clock: AsyncClock
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._live = live
        self._clock = clock

    async def upcoming(
        self, *, role: Role | str | None = None, limit: int = 100
    ) -> builtins.list[Session]:
        """Your sessions that are not over, the next first; one under way is still upcoming."""
        me = await self._auth.user_id()
        part = None if role is None else Role(role)
        most = _page.size(limit)
        now = datetime.fromtimestamp(self._clock.wall(), UTC).isoformat()

        def build(db: Database) -> Any:
            query = _page.mine(db.from_("sessions").select(_columns.SESSION), me, part)
            return (
                query.in_("status", ["scheduled", "ongoing"])
                .gt("end_time", now)
                .order("scheduled_time")
                .order("id")
                .limit(most)
            )

        return await self._transport.run(Call(build, many(Session.from_row)))

    async def history(
        self,
        *,
        role: Role | str | None = None,
        limit: int = 100,
        after: Session | None = None,
    ) -> builtins.list[Session]:
        """Your sessions that are over or cancelled, the latest first.

        `after` is the last row of the page before; `each_past` goes through all of them.
        """
        me = await self._auth.user_id()
        part = None if role is None else Role(role)
        most = _page.size(limit)
        now = f'"{datetime.fromtimestamp(self._clock.wall(), UTC).isoformat()}"'

        def build(db: Database) -> Any:
            query = _page.mine(db.from_("sessions").select(_columns.SESSION), me, part)
            query = query.or_(f"status.in.(completed,cancelled),end_time.lte.{now}")
            if after is not None:
                query = _page.after(query, "scheduled_time", after.scheduled_time, after.id)
            return query.order("scheduled_time", desc=True).order("id", desc=True).limit(most)

        return await self._transport.run(Call(build, many(Session.from_row)))

    async def each_past(
        self, *, role: Role | str | None = None, page_size: int = 200
    ) -> AsyncIterator[Session]:
        """All of `history`, read page by page as you go."""
        last: Session | None = None
        while True:
            page = await self.history(role=role, limit=page_size, after=last)
            for row in page:
                yield row
            if len(page) < page_size:
                return
            last = page[-1]

    async def get(self, session_id: UUID | str) -> Session:
        """One session, if you take part in it. Raises `NotFound`."""
        row = identity("session_id", session_id)
        return await self._transport.run(
            Call(
                lambda db: db.from_("sessions").select(_columns.SESSION).eq("id", row).single(),
                one(Session.from_row),
            )
        )

    async def events(self, session_id: UUID | str) -> builtins.list[Event]:
        """What happened to a session, the first thing first."""
        row = identity("session_id", session_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_events")
                    .select(_columns.EVENT)
                    .eq("session_id", row)
                    .order("id")
                ),
                many(Event.from_row),
            )
        )

    async def reminders(self, session_id: UUID | str) -> builtins.list[Reminder]:
        """When you are reminded of a session; `notice_settings` says how long before."""
        row = identity("session_id", session_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_reminders")
                    .select(_columns.REMINDER)
                    .eq("session_id", row)
                    .order("reminder_time")
                ),
                many(Reminder.from_row),
            )
        )

    async def cancel(self, session_id: UUID | str, *, reason: str) -> Session:
        """Call a scheduled session off; the other one is told, with the reason.

        Raises `BadTransition` when it is over or cancelled already, `ReasonRequired`, `NotFound`.
        """
        parameters = {"session_id": identity("session_id", session_id), "reason": reason}
        return await self._transport.run(
            function("cancel_session", parameters, one(Session.from_row))
        )

    async def start(self, session_id: UUID | str) -> Session:
        """Mark a scheduled session as under way. Raises `BadTransition`, `NotFound`."""
        parameters = {"session_id": identity("session_id", session_id)}
        return await self._transport.run(
            function("start_session", parameters, one(Session.from_row))
        )

    async def complete(self, session_id: UUID | str) -> Session:
        """Mark a session as held. Raises `BadTransition`, `NotAllowed`, `NotFound`."""
        parameters = {"session_id": identity("session_id", session_id)}
        return await self._transport.run(
            function("complete_session", parameters, one(Session.from_row))
        )

    async def mark_no_show(self, session_id: UUID | str, *, side: NoShow | str) -> Session:
        """Record who did not come. Raises `BadTransition`, `NotAllowed`, `NotFound`."""
        parameters = {
            "session_id": identity("session_id", session_id),
            "side": NoShow(side).value,
        }
        return await self._transport.run(
            function("mark_no_show", parameters, one(Session.from_row))
        )

    async def write_notes(
        self, session_id: UUID | str, *, before: str | None = None, after: str | None = None
    ) -> Session:
        """Write the notes before (the student) or after (the mentor) a session.

        What is None stays, an empty text clears. Raises `NotAllowed`, `Conflict` (notes_closed),
        `Invalid` (text_too_long), `NotFound`.
        """
        parameters = {
            "session_id": identity("session_id", session_id),
            "pre_session_notes": before,
            "post_session_notes": after,
        }
        return await self._transport.run(
            function("write_session_notes", parameters, one(Session.from_row), safe=True)
        )

    async def rate(
        self, session_id: UUID | str, *, rating: int, comment: str | None = None
    ) -> Rating:
        """Rate the other one, 1 to 5, once, after the session.

        Raises `Conflict` (already_rated, not_rateable, rating_closed), `Invalid` (bad_rating).
        """
        parameters = {
            "session_id": identity("session_id", session_id),
            "rating": rating,
            "comment": comment,
        }
        return await self._transport.run(function("rate_session", parameters, one(Rating.from_row)))

    async def ratings(self, session_id: UUID | str) -> builtins.list[Rating]:
        """The ratings of a session that you may see."""
        row = identity("session_id", session_id)
        columns = "session_id,rater_id,rated_id,rating,comment,created_at"
        return await self._transport.run(
            Call(
                lambda db: db.from_("session_ratings").select(columns).eq("session_id", row),
                many(Rating.from_row),
            )
        )

    async def reschedule(
        self,
        session_id: UUID | str,
        *,
        scheduled_time: datetime,
        duration: int | None = None,
        message: str | None = None,
    ) -> Proposal:
        """Propose another time; the session stays where it is until the other one accepts.

        Against a pending proposal of the other one it is a counter-offer; it replaces your own.
        """
        parameters = {
            "session_id": identity("session_id", session_id),
            "scheduled_time": aware("scheduled_time", scheduled_time),
            "duration": duration,
            "message": message,
        }
        return await self._transport.run(
            function("propose_reschedule", parameters, one(Proposal.from_row))
        )

    async def proposals(self, session_id: UUID | str) -> builtins.list[Proposal]:
        """The proposals of another time for a session, the latest first."""
        row = identity("session_id", session_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("reschedule_proposals")
                    .select(_columns.PROPOSAL)
                    .eq("session_id", row)
                    .order("created_at", desc=True)
                ),
                many(Proposal.from_row),
            )
        )

    async def accept_reschedule(self, proposal_id: UUID | str) -> Session:
        """Move the session to the proposed time. Raises `SlotTaken`, `Conflict`, `NotFound`."""
        parameters = {"proposal_id": identity("proposal_id", proposal_id)}
        return await self._transport.run(
            function("accept_reschedule", parameters, one(Session.from_row))
        )

    async def decline_reschedule(
        self, proposal_id: UUID | str, *, reason: str | None = None
    ) -> Proposal:
        """Leave the session where it is. Raises `Conflict` (proposal_not_pending), `NotFound`."""
        parameters = {"proposal_id": identity("proposal_id", proposal_id), "reason": reason}
        return await self._transport.run(
            function("decline_reschedule", parameters, one(Proposal.from_row))
        )

    async def withdraw_reschedule(self, proposal_id: UUID | str) -> Proposal:
        """Take back your own proposal. Raises `Conflict` (proposal_not_pending), `NotFound`."""
        parameters = {"proposal_id": identity("proposal_id", proposal_id)}
        return await self._transport.run(
            function("withdraw_reschedule", parameters, one(Proposal.from_row))
        )

    def watch(
        self,
        *,
        role: Role | str | None = None,
        timeout: float | None = None,
        buffer: int = 1000,
        overflow: Overflow | str = Overflow.REREAD,
    ) -> AsyncWatch[Session]:
        """Your scheduled and ongoing sessions first, then every one that is made or changes.

        Parameters as for `requests.watch`; `AsyncWatch` has the guarantees.
        """
        return self._live.watch(
            SESSIONS, role=role, timeout=timeout, buffer=buffer, overflow=overflow
        )
