"""A calendar that imports every file we send of one session shows one event, where the session
is."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from functions.calendar_file import Entry, feed, invitation
from functions.zone_rules import time_zone_component

READER = Path(__file__).with_name("read_calendar.mjs")
START = datetime(2027, 3, 30, 14, 0, tzinfo=UTC)
ENTRY = Entry(
    uid="5b1e0000@mentorkit",
    sequence=0,
    status="TENTATIVE",
    start=START,
    end=START + timedelta(hours=1),
    zone="Europe/Berlin",
    summary="Algebra; part 1, with “Ada” é",
    description="first line\nsecond line; with, marks",
    changed_at=datetime(2027, 3, 1, tzinfo=UTC),
    organizer='Grace "the compiler" Höpper',
)
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham",
    "Asia/Kolkata", "Africa/Casablanca", "Africa/Cairo", "America/Santiago",
)  # fmt: skip


def sent(entry: Entry) -> bytes:
    return invitation(
        entry, attendee="ada@example.test", attendee_name="Ada", sender="no-reply@example.test"
    )


def second_opinion(*files: bytes) -> list[dict[str, Any]]:
    """What ical.js, which shares no code with icalendar, finds after importing all files."""
    done = subprocess.run(
        ["node", str(READER)],
        input=json.dumps([file.decode() for file in files]),
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def imported(*files: bytes) -> dict[tuple[str, Any], Any]:
    """A calendar after importing the files, as RFC 5546 has it: by UID, highest SEQUENCE wins."""
    known: dict[tuple[str, Any], Any] = {}
    for file in files:
        events: list[Any] = Calendar.from_ical(file).walk("VEVENT")
        for event in events:
            occurrence = event.get("RECURRENCE-ID")
            key = (str(event["UID"]), occurrence.dt.astimezone(UTC) if occurrence else None)
            if key not in known or event["SEQUENCE"] >= known[key]["SEQUENCE"]:
                known[key] = event
    return known


def test_the_bytes_are_those_of_the_library() -> None:
    long = replace(ENTRY, summary="Höhere Algebra, " * 12, location="x" * 75)
    file = sent(long)
    assert Calendar.from_ical(file).to_ical() == file
    assert max(len(line) for line in file.splitlines()) <= 75


def test_three_versions_are_one_event_for_two_parsers() -> None:
    moved = START + timedelta(days=1, hours=2)
    versions = [
        ENTRY,
        replace(ENTRY, sequence=1, status="CONFIRMED"),
        replace(ENTRY, sequence=2, status="CONFIRMED", start=moved, end=moved + timedelta(hours=1)),
    ]
    files = [sent(version) for version in versions]
    (event,) = imported(*files).values()
    assert event["DTSTART"].dt.astimezone(UTC) == moved
    assert (event["SEQUENCE"], str(event["STATUS"])) == (2, "CONFIRMED")
    assert str(event["SUMMARY"]) == ENTRY.summary
    (other,) = second_opinion(*files)
    assert other["uid"] == ENTRY.uid
    assert datetime.fromisoformat(other["start"]) == moved
    assert datetime.fromisoformat(other["end"]) == moved + timedelta(hours=1)
    assert (other["sequence"], other["status"], other["method"]) == (2, "CONFIRMED", "REQUEST")
    assert other["summary"] == ENTRY.summary
    assert other["description"] == ENTRY.description
    assert other["organizer"] == "Grace 'the compiler' Höpper"


def test_order_of_arrival_does_not_matter() -> None:
    newer = replace(ENTRY, sequence=1, status="CONFIRMED", end=START + timedelta(hours=2))
    for files in ([sent(ENTRY), sent(newer)], [sent(newer), sent(ENTRY)]):
        (event,) = imported(*files).values()
        assert event["SEQUENCE"] == 1
        (other,) = second_opinion(*files)
        assert other["sequence"] == 1


def test_a_cancelled_session_goes_out_as_cancel() -> None:
    cancelled = replace(ENTRY, sequence=3, status="CANCELLED")
    calendar = Calendar.from_ical(sent(cancelled))
    assert str(calendar["METHOD"]) == "CANCEL"
    (other,) = second_opinion(sent(ENTRY), sent(cancelled))
    assert (other["method"], other["status"]) == ("CANCEL", "CANCELLED")


def test_a_moved_occurrence_replaces_the_one_the_series_planned() -> None:
    series = replace(ENTRY, status="CONFIRMED", rule="FREQ=WEEKLY;COUNT=4")
    third = (START.astimezone(ZoneInfo("Europe/Berlin")) + timedelta(weeks=2)).astimezone(UTC)
    moved = replace(
        ENTRY,
        status="CONFIRMED",
        sequence=1,
        occurrence=third,
        start=third + timedelta(days=1),
        end=third + timedelta(days=1, hours=1),
    )
    found = imported(sent(series), sent(moved))
    assert len(found) == 2
    assert found[ENTRY.uid, third]["DTSTART"].dt.astimezone(UTC) == third + timedelta(days=1)
    (other,) = second_opinion(sent(series), sent(moved))
    times = [datetime.fromisoformat(text) for text in other["occurrences"]]
    assert len(times) == 4
    assert third not in times
    assert third + timedelta(days=1) in times


@pytest.mark.parametrize("zone", ZONES)
@given(minutes=st.integers(0, 12 * 30 * 24 * 60))
def test_an_importer_finds_the_instant_in_every_zone(zone: str, minutes: int) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    file = sent(replace(ENTRY, zone=zone, start=start, end=start + timedelta(minutes=90)))
    (event,) = imported(file).values()
    assert event["DTSTART"].dt.astimezone(UTC) == start
    assert event["DTEND"].dt.astimezone(UTC) == start + timedelta(minutes=90)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "UTC"])
def test_time_zone_rules_say_what_the_zone_data_say(zone: str) -> None:
    component: Any = time_zone_component(zone, 2026, 2029)
    onsets = sorted(
        (part["DTSTART"].dt - part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td)
        for part in component.subcomponents
    )
    for (onset, offset), (following, _) in pairwise(onsets):
        for moment in (onset, following - timedelta(seconds=1)):
            local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            assert local.utcoffset() == offset


def test_ical_js_finds_the_instants_around_a_change_of_clocks() -> None:
    moments = [
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 2, 30, tzinfo=UTC),
    ]
    entries = [
        replace(ENTRY, uid=f"{number}@mentorkit", start=at, end=at + timedelta(hours=1))
        for number, at in enumerate(moments)
    ]
    found = second_opinion(feed(entries, name="Sessions"))
    assert [datetime.fromisoformat(event["start"]) for event in found] == moments


def test_a_moved_occurrence_without_its_series_is_one_event() -> None:
    """A series' sessions are mailed one by one: each is an occurrence, and moving it moves it."""
    planned = replace(ENTRY, status="CONFIRMED", occurrence=START)
    moved = replace(
        planned, sequence=1, start=START + timedelta(days=1), end=START + timedelta(days=1, hours=1)
    )
    next_week = replace(
        planned,
        occurrence=START + timedelta(days=7),
        start=START + timedelta(days=7),
        end=START + timedelta(days=7, hours=1),
    )
    files = [sent(planned), sent(moved), sent(next_week)]
    assert {event["DTSTART"].dt.astimezone(UTC) for event in imported(*files).values()} == {
        moved.start,
        next_week.start,
    }
    found = {datetime.fromisoformat(event["start"]) for event in second_opinion(*files)}
    assert found == {moved.start, next_week.start}


def test_times_must_be_aware_and_lengths_positive() -> None:
    with pytest.raises(ValueError, match="aware"):
        replace(ENTRY, start=datetime(2027, 1, 1))
    with pytest.raises(ValueError, match="ends after"):
        replace(ENTRY, end=START)
