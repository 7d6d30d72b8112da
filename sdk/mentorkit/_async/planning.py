"""Free time: a mentor's hours, and what can be booked in them."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.transport import AsyncTransport
from mentorkit._calls import Call, Database, function, nothing
from mentorkit._rows import aware, identity, many, one
from mentorkit.errors import Conflict
from mentorkit.planning import (
    Blocked,
    BookingTerms,
    DayHours,
    Slot,
    Suggestion,
    WeeklyHours,
    clock_text,
)

_TERMS = ",".join(field.name for field in dataclasses.fields(BookingTerms))


class AsyncAvailability:
    """When a mentor can be booked. Reached as `client.availability`.

    A mentor without weekly hours can be booked at any time, except on dates set otherwise. Only
    the mentor sees these; others see what comes of them, through `client.slots`.
    """

    def __init__(self, transport: AsyncTransport, auth: AsyncAuth) -> None:
        self._transport = transport
        self._auth = auth

    async def week(self) -> builtins.list[WeeklyHours]:
        """Your hours of the week."""
        who = str(await self._auth.user_id())
        return await self._transport.run(
            Call(
                lambda db: (
                    db.from_("availability_rules")
                    .select("id,weekday,start_time,end_time,valid_from,valid_until")
                    .eq("mentor_id", who)
                    .order("weekday")
                    .order("start_time")
                ),
                many(WeeklyHours.from_row),
            )
        )

    async def set_week(self, hours: Iterable[WeeklyHours]) -> builtins.list[WeeklyHours]:
        """Make these your hours of the week, in place of those before.

        The new ones are written before the old ones are removed: whoever looks meanwhile sees
        both, never none (which would mean "at any time").
        """
        me = str(await self._auth.user_id())
        old = [str(row.id) for row in await self.week()]
        rows = [
            {
                "mentor_id": me,
                "weekday": hour.weekday,
                "start_time": clock_text(hour.start_time),
                "end_time": clock_text(hour.end_time),
                "valid_from": hour.valid_from and hour.valid_from.isoformat(),
                "valid_until": hour.valid_until and hour.valid_until.isoformat(),
            }
            for hour in hours
        ]
        if rows:
            await self._transport.run(
                Call(lambda db: db.from_("availability_rules").insert(rows), nothing, safe=False)
            )
        if old:
            await self._transport.run(
                Call(lambda db: db.from_("availability_rules").delete().in_("id", old), nothing)
            )
        return await self.week()

    async def days(self, *, since: date | None = None) -> builtins.list[DayHours]:
        """Your dates with other hours than the week's."""
        who = str(await self._auth.user_id())

        def build(db: Database) -> Any:
            query = (
                db.from_("availability_overrides")
                .select("id,on_date,start_time,end_time")
                .eq("mentor_id", who)
            )
            if since is not None:
                query = query.gte("on_date", since.isoformat())
            return query.order("on_date").order("start_time")

        return await self._transport.run(Call(build, many(DayHours.from_row)))

    async def set_day(
        self, on_date: date, hours: Iterable[tuple[time, time]] = ()
    ) -> builtins.list[DayHours]:
        """Make these your hours on that date; none closes it."""
        me = str(await self._auth.user_id())
        await self.clear_day(on_date)
        rows = [
            {
                "mentor_id": me,
                "on_date": on_date.isoformat(),
                "start_time": clock_text(start),
                "end_time": clock_text(end),
            }
            for start, end in hours
        ] or [{"mentor_id": me, "on_date": on_date.isoformat()}]
        await self._transport.run(
            Call(lambda db: db.from_("availability_overrides").insert(rows), nothing, safe=False)
        )
        return [day for day in await self.days(since=on_date) if day.on_date == on_date]

    async def clear_day(self, on_date: date) -> None:
        """Let the week's hours hold on that date again."""
        me = str(await self._auth.user_id())
        await self._transport.run(
            Call(
                lambda db: (
                    db.from_("availability_overrides")
                    .delete()
                    .eq("mentor_id", me)
                    .eq("on_date", on_date.isoformat())
                ),
                nothing,
            )
        )

    async def terms(self) -> BookingTerms:
        """How you can be booked; the defaults where nothing was set."""
        me = str(await self._auth.user_id())
        rows = await self._transport.run(
            Call(
                lambda db: db.from_("booking_terms").select(_TERMS).eq("mentor_id", me),
                many(BookingTerms.from_row),
            )
        )
        return rows[0] if rows else BookingTerms()

    async def set_terms(self, terms: BookingTerms) -> BookingTerms:
        """Set how you can be booked; `dataclasses.replace` changes one thing of what was."""
        me = str(await self._auth.user_id())
        values = dataclasses.asdict(terms)
        # Not an upsert: that would need the right to change whose terms they are.
        change = Call(
            lambda db: db.from_("booking_terms").update(values).eq("mentor_id", me).select(_TERMS),
            many(BookingTerms.from_row),
        )
        changed = await self._transport.run(change)
        if changed:
            return changed[0]
        row = {**values, "mentor_id": me}
        try:
            return await self._transport.run(
                Call(
                    lambda db: db.from_("booking_terms").insert(row).select(_TERMS),
                    one(BookingTerms.from_row),
                )
            )
        except Conflict:
            return (await self._transport.run(change))[0]


class AsyncSlots:
    """What can be booked. Reached as `client.slots`. What is offered is what `create` accepts."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def search(
        self,
        mentor_id: UUID | str,
        *,
        from_time: datetime,
        to_time: datetime,
        duration: int,
    ) -> builtins.list[Slot]:
        """The free slots of a mentor for sessions of so many minutes, the earliest first."""
        parameters = {
            "mentor_id": identity("mentor_id", mentor_id),
            "from_time": aware("from_time", from_time),
            "to_time": aware("to_time", to_time),
            "duration": duration,
        }
        return await self._transport.run(
            function("available_slots", parameters, many(Slot.from_row), safe=True)
        )

    async def suggest(
        self,
        *,
        subject_id: UUID | str,
        from_time: datetime,
        to_time: datetime,
        duration: int,
        preferred_from: time | None = None,
        preferred_to: time | None = None,
        time_zone: str | None = None,
        limit: int = 5,
        best: str = "balanced",
    ) -> builtins.list[Suggestion]:
        """The best slots among all mentors of a subject.

        Hours you prefer, in `time_zone` (your own by default), come first. Then `best` decides:
        "balanced" (another mentor each, early, well rated), "earliest" or "rating".
        """
        parameters = {
            "subject_id": identity("subject_id", subject_id),
            "from_time": aware("from_time", from_time),
            "to_time": aware("to_time", to_time),
            "duration": duration,
            "preferred_from": preferred_from and clock_text(preferred_from),
            "preferred_to": preferred_to and clock_text(preferred_to),
            "time_zone": time_zone,
            "max_slots": limit,
            "best": best,
        }
        return await self._transport.run(
            function("suggest_slots", parameters, many(Suggestion.from_row), safe=True)
        )

    async def explain(
        self, mentor_id: UUID | str, *, on_date: date, duration: int = 30
    ) -> builtins.list[Blocked]:
        """Why sessions cannot start on that date of the mentor's zone, stretch by stretch."""
        parameters = {
            "mentor_id": identity("mentor_id", mentor_id),
            "on_date": on_date.isoformat(),
            "duration": duration,
        }
        return await self._transport.run(
            function("explain_day", parameters, many(Blocked.from_row), safe=True)
        )
