# Generated from mentorkit/_async/series.py by scripts/generate_sync.py: change that file.
"""Sessions that repeat."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from mentorkit import _columns
from mentorkit._calls import Call, function
from mentorkit._rows import identity, many, one
from mentorkit._sync.transport import Transport
from mentorkit.answers import Proposal
from mentorkit.models import Request, Session
from mentorkit.offers import Frequency, Occurrence, Scope, Series


class SeriesOfSessions:
    """Sessions that repeat. Reached as `client.series`.

    `first_time` is local to `time_zone`, therefore without an offset. Give `occurrences` or
    `until`, not both.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> builtins.list[Series]:
        """Series that you asked for or are asked for, the newest first."""
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_series")
                    .select(_columns.SERIES)
                    .order("created_at", desc=True)
                ),
                many(Series.from_row),
            )
        )

    def get(self, series_id: UUID | str) -> Series:
        """One series, if you are one of the two. Raises `NotFound`."""
        row = identity("series_id", series_id)
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_series").select(_columns.SERIES).eq("id", row).single()
                ),
                one(Series.from_row),
            )
        )

    def preview(
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
        return self._transport.run(
            function("preview_series", parameters, many(Occurrence.from_row), safe=True)
        )

    def request(
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
        return self._transport.run(
            function("request_series", parameters, one(Series.from_row), safe=True)
        )

    def approve(
        self, series_id: UUID | str, *, skip: Iterable[int] = (), skip_reason: str | None = None
    ) -> builtins.list[Session]:
        """Accept what is pending of a series, all or nothing, but for the places in `skip`.

        Those are declined, with `skip_reason`, which the student reads.
        """
        parameters: dict[str, Any] = {
            "series_id": identity("series_id", series_id),
            "skip": sorted(skip),
        }
        if skip_reason is not None:
            parameters["skip_reason"] = skip_reason
        return self._transport.run(function("approve_series", parameters, many(Session.from_row)))

    def reject(self, series_id: UUID | str, *, reason: str) -> builtins.list[Request]:
        """Decline what is pending of a series."""
        parameters = {"series_id": identity("series_id", series_id), "reason": reason}
        return self._transport.run(function("reject_series", parameters, many(Request.from_row)))

    def withdraw(self, series_id: UUID | str) -> builtins.list[Request]:
        """Take back what is pending of your own series."""
        parameters = {"series_id": identity("series_id", series_id)}
        return self._transport.run(function("withdraw_series", parameters, many(Request.from_row)))

    def cancel(
        self, session_id: UUID | str, *, scope: Scope | str, reason: str
    ) -> builtins.list[Session]:
        """Call off this session, this and the following of its series, or all to come."""
        parameters = {
            "session_id": identity("session_id", session_id),
            "scope": Scope(scope).value,
            "reason": reason,
        }
        return self._transport.run(
            function("cancel_series_sessions", parameters, many(Session.from_row))
        )

    def reschedule(
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
        return self._transport.run(
            function("propose_series_reschedule", parameters, many(Proposal.from_row))
        )

    def accept_reschedule(self, batch_id: UUID | str) -> builtins.list[Session]:
        """Move all the sessions that were proposed together, or none."""
        parameters = {"batch_id": identity("batch_id", batch_id)}
        return self._transport.run(
            function("accept_series_reschedule", parameters, many(Session.from_row))
        )

    def decline_reschedule(
        self, batch_id: UUID | str, *, reason: str | None = None
    ) -> builtins.list[Proposal]:
        """Leave all of them where they are."""
        parameters = {"batch_id": identity("batch_id", batch_id), "reason": reason}
        return self._transport.run(
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
