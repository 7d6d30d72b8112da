"""What should happen, in plain Python: requests and sessions of a few people, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

ACTIVE = ("scheduled", "ongoing")


@dataclass
class Meeting:
    """A request and, once approved, its session."""

    student: int
    mentor: int
    start: datetime
    minutes: int
    expires: datetime
    status: str = "pending"
    session: str | None = None

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    @property
    def people(self) -> set[int]:
        return {self.student, self.mentor}

    def meets(self, other: Meeting) -> bool:
        """Whether one person would be in both at the same time."""
        return bool(self.people & other.people) and (
            self.start < other.end and other.start < self.end
        )


@dataclass
class Book:
    """All meetings; every method answers 'ok' or the code of the refusal."""

    meetings: list[Meeting] = field(default_factory=list)

    def busy(self, wanted: Meeting) -> bool:
        return any(
            other is not wanted and other.session in ACTIVE and other.meets(wanted)
            for other in self.meetings
        )

    def request(self, wanted: Meeting) -> str:
        if wanted.student == wanted.mentor:
            return "self_request"
        if self.busy(wanted):
            return "slot_taken"
        self.meetings.append(wanted)
        return "ok"

    def approve(self, meeting: Meeting, person: int) -> str:
        refusal = self._refusal(meeting, person, meeting.mentor)
        if refusal:
            return refusal
        if self.busy(meeting):
            return "slot_taken"
        meeting.status, meeting.session = "approved", "scheduled"
        for other in self.meetings:
            if other.status == "pending" and other.meets(meeting):
                other.status = "rejected"
        return "ok"

    def reject(self, meeting: Meeting, person: int) -> str:
        refusal = self._refusal(meeting, person, meeting.mentor)
        if not refusal:
            meeting.status = "rejected"
        return refusal or "ok"

    def withdraw(self, meeting: Meeting, person: int) -> str:
        refusal = self._refusal(meeting, person, meeting.student)
        if not refusal:
            meeting.status = "cancelled"
        return refusal or "ok"

    def cancel(self, meeting: Meeting, person: int) -> str:
        if person not in meeting.people or meeting.session is None:
            return "not_found"
        if meeting.session not in ACTIVE:
            # said again with the same reason it changes nothing
            return "ok" if meeting.session == "cancelled" else "bad_transition"
        meeting.session = "cancelled"
        return "ok"

    def time_passes(self, clock: datetime) -> None:
        for meeting in self.meetings:
            if meeting.status == "pending" and meeting.expires <= clock:
                meeting.status = "expired"
            if meeting.session == "scheduled" and meeting.start <= clock:
                meeting.session = "ongoing"
            if meeting.session == "ongoing" and meeting.end <= clock:
                meeting.session = "completed"

    @staticmethod
    def _refusal(meeting: Meeting, person: int, answers: int) -> str | None:
        if person not in meeting.people:
            return "not_found"
        if person != answers:
            return "not_allowed"
        if meeting.status != "pending":
            return "request_not_pending"
        return None
