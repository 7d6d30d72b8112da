"""VTIMEZONE components from the system's zone data.

icalendar can make them too, but gives the onset of summer time in the new offset where RFC 5545
wants the old one, so that clients are an hour off in that hour.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

Observance = TimezoneDaylight | TimezoneStandard

_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def time_zone_text(zone: str, first_year: int, last_year: int) -> bytes:
    """The component as a calendar file has it."""
    text: bytes = time_zone_component(zone, first_year, last_year).to_ical()
    return text


def time_zone_component(zone: str, first_year: int, last_year: int) -> Timezone:
    """How the zone's clock goes from the start of one year to the end of another."""
    info = ZoneInfo(zone)
    moment = datetime(first_year, 1, 1, tzinfo=UTC)
    last = datetime(last_year + 1, 1, 1, tzinfo=UTC)
    component = Timezone()
    component.add("TZID", zone)
    component.add_component(_observance(moment, moment, info))
    while moment < last:
        if _rule(moment, info) != _rule(moment + _DAY, info):
            onset = _onset(moment, moment + _DAY, info)
            component.add_component(_observance(onset - timedelta(seconds=1), onset, info))
        moment += _DAY
    return component


def _rule(moment: datetime, info: ZoneInfo) -> tuple[timedelta | None, str | None]:
    local = moment.astimezone(info)
    return local.utcoffset(), local.tzname()


def _onset(before: datetime, after: datetime, info: ZoneInfo) -> datetime:
    """The first second of the rule that holds at `after`."""
    old = _rule(before, info)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if _rule(middle, info) == old:
            before = middle
        else:
            after = middle
    return after


def _observance(before: datetime, onset: datetime, info: ZoneInfo) -> Observance:
    local = onset.astimezone(info)
    old = before.astimezone(info).utcoffset() or timedelta()
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    part.add("DTSTART", (onset.astimezone(UTC) + old).replace(tzinfo=None))
    part.add("TZOFFSETFROM", old)
    part.add("TZOFFSETTO", local.utcoffset() or timedelta())
    part.add("TZNAME", local.tzname() or str(info))
    return part
