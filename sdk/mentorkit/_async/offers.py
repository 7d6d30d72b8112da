"""Types of sessions that mentors offer, and sessions that repeat."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import Call, function
from mentorkit._rows import aware, identity, many, one
from mentorkit.answers import Proposal
from mentorkit.models import Request, Session
from mentorkit.offers import Frequency, Occurrence, Scope, Series, Template

_TEMPLATE = (
    "id,mentor_id,subject_id,title,description,duration,buffer_before_minutes,"
    "buffer_after_minutes,is_offered"
)


class AsyncTemplates:
    """Types of sessions. Reached as `client.templates`."""

    def __init__(self, transport: AsyncTransport, auth: AsyncAuth) -> None:
        self._transport = transport
        self._auth = auth

    async def list(self, mentor_id: UUID | str | None = None) -> builtins.list[Template]:
        """What a mentor offers; your own include those you do not offer at present."""
        who = identity("mentor_id", mentor_id or await self._auth.user_id())
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_templates")
                    .select(_TEMPLATE)
                    .eq("mentor_id", who)
                    .order("title")
                ),
                many(Template.from_row),
            )
        )

    async def create(
        self,
        *,
        subject_id: UUID | str,
        title: str,
        duration: int,
        description: str | None = None,
        buffer_before_minutes: int | None = None,
        buffer_after_minutes: int | None = None,
    ) -> Template:
        """Offer a type of session. Raises `Conflict` for a title you have already."""
        row = {
            "id": str(uuid4()),
            "mentor_id": str(await self._auth.user_id()),
            "subject_id": identity("subject_id", subject_id),
            "title": title,
            "duration": duration,
            "description": description,
            "buffer_before_minutes": buffer_before_minutes,
            "buffer_after_minutes": buffer_after_minutes,
        }
        return await self._transport.run(
            Call(
                lambda db: db.from_("session_templates").insert(row).select(_TEMPLATE),
                one(Template.from_row),
                safe=False,
            )
        )

    async def offer(self, template_id: UUID | str, *, is_offered: bool = True) -> Template:
        """Begin or cease to offer it; requests already made stay. Raises `NotFound`."""
        row = identity("template_id", template_id)
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_templates")
                    .update({"is_offered": is_offered})
                    .eq("id", row)
                    .select(_TEMPLATE)
                    .single()
                ),
                one(Template.from_row),
            )
        )

    async def delete(self, template_id: UUID | str) -> None:
        """Forget a type of session; sessions of it stay."""
        row = identity("template_id", template_id)
        await self._transport.run(
            Call(lambda db: db.from_("session_templates").delete().eq("id", row), _nothing)
        )

    async def request(
        self,
        template_id: UUID | str,
        *,
        requested_time: datetime,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Ask for a session of this type; as `requests.create` otherwise."""
        parameters = {
            "template_id": identity("template_id", template_id),
            "requested_time": aware("requested_time", requested_time),
            "description": description,
            "idempotency_key": idempotency_key or str(uuid4()),
        }
        return await self._transport.run(
            function("request_template", parameters, one(Request.from_row), safe=True)
        )


class AsyncSeriesOfSessions:
    """Sessions that repeat. Reached as `client.series`.

    `first_time` is local to `time_zone`, therefore without an offset. Give `occurrences` or
    `until`, not both.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def preview(
        self,
        *,
        mentor_id: UUID | str,
        first_time: datetime,
        frequency: Frequency | str,
        time_zone: str,
        duration: int,
        occurrences: int | None = None,
        until: date | None = None,
    ) -> builtins.list[Occurrence]:
        """Every date such a series would have, free or not, with alternatives. Writes nothing."""
        parameters = {
            "mentor_id": identity("mentor_id", mentor_id),
            **_rule(first_time, frequency, time_zone, duration, occurrences, until),
        }
        return await self._transport.run(
            function("preview_series", parameters, many(Occurrence.from_row), safe=True)
        )

    async def request(
        self,
        *,
        mentor_id: UUID | str,
        subject_id: UUID | str,
        title: str,
        first_time: datetime,
        frequency: Frequency | str,
        time_zone: str,
        duration: int,
        occurrences: int | None = None,
        until: date | None = None,
        skip: Iterable[int] = (),
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Series:
        """Ask for all of them at once, or for none: `Conflict` (series_clash) names what clashes.

        `skip` leaves out places of the preview.
        """
        parameters = {
            "mentor_id": identity("mentor_id", mentor_id),
            "subject_id": identity("subject_id", subject_id),
            "title": title,
            **_rule(first_time, frequency, time_zone, duration, occurrences, until),
            "skip": sorted(skip),
            "description": description,
            "idempotency_key": idempotency_key or str(uuid4()),
        }
        return await self._transport.run(
            function("request_series", parameters, one(Series.from_row), safe=True)
        )

    async def approve(
        self, series_id: UUID | str, *, skip: Iterable[int] = ()
    ) -> builtins.list[Session]:
        """Accept what is pending of a series, all or nothing, but for the places in `skip`."""
        parameters = {"series_id": identity("series_id", series_id), "skip": sorted(skip)}
        return await self._transport.run(
            function("approve_series", parameters, many(Session.from_row))
        )

    async def reject(self, series_id: UUID | str, *, reason: str) -> builtins.list[Request]:
        """Decline what is pending of a series."""
        parameters = {"series_id": identity("series_id", series_id), "reason": reason}
        return await self._transport.run(
            function("reject_series", parameters, many(Request.from_row))
        )

    async def withdraw(self, series_id: UUID | str) -> builtins.list[Request]:
        """Take back what is pending of your own series."""
        parameters = {"series_id": identity("series_id", series_id)}
        return await self._transport.run(
            function("withdraw_series", parameters, many(Request.from_row))
        )

    async def cancel(
        self, session_id: UUID | str, *, scope: Scope | str, reason: str
    ) -> builtins.list[Session]:
        """Call off this session, this and the following of its series, or all to come."""
        parameters = {
            "session_id": identity("session_id", session_id),
            "scope": Scope(scope).value,
            "reason": reason,
        }
        return await self._transport.run(
            function("cancel_series_sessions", parameters, many(Session.from_row))
        )

    async def reschedule(
        self,
        session_id: UUID | str,
        *,
        scope: Scope | str,
        new_time: datetime,
        message: str | None = None,
    ) -> builtins.list[Proposal]:
        """Propose to move this session of a series, and the others of `scope` by the same step.

        `new_time` is on the local clock of the series' zone. The proposals share a `batch_id`,
        with which they are answered.
        """
        if new_time.tzinfo is not None:
            raise ValueError("new_time is local to the series' zone: give it without an offset")
        parameters = {
            "session_id": identity("session_id", session_id),
            "scope": Scope(scope).value,
            "new_time": new_time.isoformat(),
            "message": message,
        }
        return await self._transport.run(
            function("propose_series_reschedule", parameters, many(Proposal.from_row))
        )

    async def accept_reschedule(self, batch_id: UUID | str) -> builtins.list[Session]:
        """Move all the sessions that were proposed together, or none."""
        parameters = {"batch_id": identity("batch_id", batch_id)}
        return await self._transport.run(
            function("accept_series_reschedule", parameters, many(Session.from_row))
        )

    async def decline_reschedule(
        self, batch_id: UUID | str, *, reason: str | None = None
    ) -> builtins.list[Proposal]:
        """Leave all of them where they are."""
        parameters = {"batch_id": identity("batch_id", batch_id), "reason": reason}
        return await self._transport.run(
            function("decline_series_reschedule", parameters, many(Proposal.from_row))
        )


def _rule(
    first_time: datetime,
    frequency: Frequency | str,
    time_zone: str,
    duration: int,
    occurrences: int | None,
    until: date | None,
) -> dict[str, Any]:
    if first_time.tzinfo is not None:
        raise ValueError("first_time is local to time_zone: give it without an offset")
    return {
        "first_time": first_time.isoformat(),
        "frequency": Frequency(frequency).value,
        "time_zone": time_zone,
        "duration": duration,
        "occurrences": occurrences,
        "until": until and until.isoformat(),
    }


def _nothing(data: Any) -> None:
    """The answer does not matter."""
