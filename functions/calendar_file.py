"""Calendar files (RFC 5545): one event per session, whatever happens to it.

The UID never changes, SEQUENCE rises with every change, so that a calendar which gets the second
and third file changes the event it has. A pending request is TENTATIVE, an ended one goes out as
CANCEL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, vCalAddress, vText

from functions.zone_rules import time_zone_text

REFRESH = timedelta(minutes=15)
PRODUCT = "-//mentorkit//functions//EN"
FOLDED_FROM = 75
"""Octets from which the library folds a line; RFC 5545 allows 75."""
_END = b"END:VCALENDAR\r\n"
Status = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]


@dataclass(frozen=True)
class Entry:
    """One session (or occurrence of a series) as a calendar shows it."""

    uid: str
    sequence: int
    status: Status
    start: datetime
    end: datetime
    zone: str
    summary: str
    changed_at: datetime
    description: str = ""
    url: str = ""
    location: str = ""
    organizer: str = ""
    """The name of the mentor; addresses of people are not handed to each other."""
    occurrence: datetime | None = None
    """For a moved or cancelled occurrence of a series: the instant it was planned for."""
    rule: str = ""
    """An RRULE for the master event of a series, e.g. FREQ=WEEKLY;COUNT=12."""

    def __post_init__(self) -> None:
        moments = [self.start, self.end, self.changed_at, self.occurrence]
        if any(moment is not None and moment.tzinfo is None for moment in moments):
            raise ValueError("a calendar entry needs aware times")
        if self.end <= self.start:
            raise ValueError("a calendar entry ends after it starts")
        if self.rule and self.occurrence:
            raise ValueError("an occurrence has no rule of its own")


def invitation(entry: Entry, *, attendee: str, attendee_name: str, sender: str) -> bytes:
    """The file attached to a mail: METHOD:CANCEL for what is over, else METHOD:REQUEST."""
    event = _event(entry)
    organizer = vCalAddress(f"mailto:{sender}")
    if entry.organizer:
        organizer.params["CN"] = vText(_parameter(entry.organizer))
    event["ORGANIZER"] = organizer
    guest = vCalAddress(f"mailto:{attendee}")
    guest.params["CN"] = vText(_parameter(attendee_name))
    guest.params["ROLE"] = vText("REQ-PARTICIPANT")
    guest.params["PARTSTAT"] = vText("ACCEPTED" if entry.status == "CONFIRMED" else "NEEDS-ACTION")
    event.add("ATTENDEE", guest, encode=False)
    head = _plain_head("CANCEL" if entry.status == "CANCELLED" else "REQUEST")
    return _finished(head, [(entry, event)])


def feed(entries: Iterable[Entry], *, name: str) -> bytes:
    """The file a calendar program subscribes to: METHOD:PUBLISH, all entries, no addresses."""
    calendar = _calendar("PUBLISH")
    calendar.add("NAME", name)
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT15M")
    return _finished(_head(calendar), [(entry, _event(entry)) for entry in entries])


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    return calendar


def _head(calendar: Calendar) -> bytes:
    """A calendar without components, up to where they go."""
    return _text(calendar).removesuffix(_END)


@cache
def _plain_head(method: str) -> bytes:
    return _head(_calendar(method))


def _text(component: Component) -> bytes:
    """What `to_ical` gives: but it folds letter by letter, and most lines are short enough."""
    lines = ((line, line.encode()) for line in component.content_lines() if line)
    return b"".join(
        (short if len(short) < FOLDED_FROM else line.to_ical()) + b"\r\n" for line, short in lines
    )


def _event(entry: Entry) -> Event:
    event = Event()
    zone = _told_in(entry)
    event.add("UID", entry.uid)
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", entry.changed_at.astimezone(UTC))
    event.add("DTSTART", _local(entry.start, zone))
    event.add("DTEND", _local(entry.end, zone))
    event.add("SUMMARY", entry.summary)
    event.add("STATUS", entry.status)
    event.add("TRANSP", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    if entry.occurrence is not None:
        event.add("RECURRENCE-ID", _local(entry.occurrence, zone))
    for name, value in (
        ("DESCRIPTION", entry.description),
        ("URL", entry.url),
        ("LOCATION", entry.location),
    ):
        if value:
            event.add(name, value)
    if entry.rule:
        parts = (part.split("=", 1) for part in entry.rule.split(";"))
        event.add("RRULE", {name: value.split(",") for name, value in parts})
    return event


def _parameter(text: str) -> str:
    """A name as a parameter can hold it everywhere: no quotes, no line ends."""
    return " ".join(text.replace('"', "'").split())


def _told_in(entry: Entry) -> str:
    """The zone the times are written in. A local time in the second pass through a repeated hour
    reads as the first, so an entry that has one is written in UTC; a series keeps its local time.
    """
    if entry.zone == "UTC" or entry.rule:
        return entry.zone
    moments = (entry.start, entry.end, entry.occurrence)
    local = (moment.astimezone(ZoneInfo(entry.zone)) for moment in moments if moment)
    return "UTC" if any(moment.fold for moment in local) else entry.zone


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))


def _finished(head: bytes, events: list[tuple[Entry, Event]]) -> bytes:
    spans: dict[str, tuple[int, int]] = {}
    for entry, _ in events:
        years = [moment.year for moment in (entry.start, entry.end, entry.occurrence) if moment]
        # A series is described as far as anybody will plan with it.
        first, last = min(years) - 1, max(years) + (5 if entry.rule else 1)
        zone = _told_in(entry)
        before = spans.get(zone, (first, last))
        spans[zone] = min(first, before[0]), max(last, before[1])
    zones = (
        time_zone_text(zone, first, last)
        for zone, (first, last) in sorted(spans.items())
        if zone != "UTC"
    )
    # Put together from the parts' texts: a zone's is long, and the same for everybody in it.
    return b"".join([head, *zones, *(_text(event) for _, event in events), _END])
