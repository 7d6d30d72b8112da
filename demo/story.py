"""The story, step by step; each step checks what a user would look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

from demo.people import Person, has_taught, sign_up, time_passes
from demo.report import Report
from demo.room import Peer, exchange
from demo.stack import Stack, mail
from demo.watcher import Watcher
from mentorkit import ConnectionStatus, MentorkitError, Request, RequestStatus, Session

REASON = "I am travelling that day; how about Friday?"
PATIENCE = 10.0  # seconds that any single fact may take to become true


class NotAsPromised(Exception):
    """The product did something else than the story says."""


def must(condition: bool, sentence: str) -> None:
    """Stop the story when what a user would see is not what was promised."""
    if not condition:
        raise NotAsPromised(sentence)


def whole_minute(ahead: int) -> datetime:
    """At least `ahead` minutes from now, at the minute: requests are made at the minute."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=ahead + 1)


def room_of(session: Session) -> str:
    """The room id of an approved session."""
    must(session.video_room_id is not None, "an approved session has no room id")
    return str(session.video_room_id)


async def refused(attempt: Awaitable[object], code: str) -> str:
    """The attempt must be refused with exactly this code; gives code and sentence."""
    try:
        await attempt
    except MentorkitError as refusal:
        must(refusal.code == code, f"refused with {refusal.code}, not {code}: {refusal}")
        return f"{code}: {refusal}"
    raise NotAsPromised(f"it was allowed, but must be refused with {code}")


async def live(person: Person) -> None:
    """Changes flow to this person from now on, so that what comes next is told in real time."""
    now_live = asyncio.Event()
    connection = person.client.connection

    def look(status: ConnectionStatus) -> None:
        if status is ConnectionStatus.LIVE:
            now_live.set()

    forget = connection.on_change(look)
    look(connection.status)
    async with asyncio.timeout(PATIENCE):
        await now_live.wait()
    forget()


class Story:
    """What the steps share: the stack, the people, what they watch."""

    def __init__(self, stack: Stack, report: Report, cleanup: AsyncExitStack) -> None:
        self.stack = stack
        self.report = report
        self.cleanup = cleanup

    async def walk(self) -> None:
        """The whole story, from two sign-ups to an open room."""
        await self.sign_ups()
        session = await self.request_and_approve()
        await self.reject()
        await self.refusals()
        await self.meet(session)
        await self.mails()

    async def _joins_in(self, name: str, *, mentor: bool = False) -> Person:
        person = await sign_up(self.stack, name, mentor=mentor)
        await self.cleanup.enter_async_context(person.client)
        return person

    def _watch(self, person: Person) -> Watcher[Request]:
        watcher = Watcher(person.client.requests.watch())
        self.cleanup.push_async_callback(watcher.close)
        return watcher

    async def sign_ups(self) -> None:
        with self.report.step("a student signs up"):
            self.student = await self._joins_in("Sam Student")
        with self.report.step("a mentor signs up, who has taught") as said:
            self.mentor = await self._joins_in("Maya Mentor", mentor=True)
            await has_taught(self.stack, self.mentor, sessions=3)
            mentors = await self.student.client.mentors.list()
            listed = next((mentor for mentor in mentors if mentor.id == self.mentor.id), None)
            if listed is None:
                raise NotAsPromised("the mentor is not in the list of mentors")
            must(listed.total_sessions_taught == 3, "the list does not show the sessions taught")
            said.text = f"{listed.name}, {listed.total_sessions_taught} sessions taught"
        with self.report.step("the student picks a subject") as said:
            subject = (await self.student.client.subjects.list())[0]
            self.subject: UUID = subject.id
            said.text = subject.name
        with self.report.step("both watch their requests") as said:
            self.mentor_sees = self._watch(self.mentor)
            self.student_sees = self._watch(self.student)
            for person in (self.mentor, self.student):
                await live(person)
            said.text = "channel session_requests_changes"

    async def _requests(self, title: str, when: datetime, by: Person | None = None) -> Request:
        return await (by or self.student).client.requests.create(
            mentor_id=self.mentor.id,
            subject_id=self.subject,
            title=title,
            requested_time=when,
            duration=30,
        )

    async def request_and_approve(self) -> Session:
        """From the request to a session that both find in their upcoming list."""
        with self.report.step("the student requests a session") as said:
            request = await self._requests("Recursion, slowly", whole_minute(ahead=2))
            must(request.status is RequestStatus.PENDING, f"a new request is {request.status}")
            said.text = f"{request.requested_time:%H:%M} UTC, {request.duration} minutes"
        with self.report.step("the mentor is told in real time"):
            await self.mentor_sees.until(lambda seen: seen.id == request.id, within=PATIENCE)
        with self.report.step("the mentor approves: room and session") as said:
            session = await self.mentor.client.requests.approve(request.id)
            said.text = room_of(session)
        with self.report.step("the student is told in real time"):
            told = await self.student_sees.until(
                lambda seen: seen.id == request.id and seen.status is RequestStatus.APPROVED,
                within=PATIENCE,
            )
            must(told.video_room_id == session.video_room_id, "the student got another room id")
        with self.report.step("both see it in upcoming"):
            for person in (self.student, self.mentor):
                upcoming = await person.client.sessions.upcoming()
                rooms = [listed.video_room_id for listed in upcoming]
                must(rooms == [session.video_room_id], f"{person.name} sees {rooms}")
        return session

    async def reject(self) -> None:
        """A rejection reaches the student with its reason."""
        with self.report.step("a second request is rejected"):
            request = await self._requests("Monads", whole_minute(ahead=24 * 60))
            await self.mentor_sees.until(lambda seen: seen.id == request.id, within=PATIENCE)
            await self.mentor.client.requests.reject(request.id, reason=REASON)
        with self.report.step("the student reads the reason") as said:
            told = await self.student_sees.until(
                lambda seen: seen.id == request.id and seen.status is RequestStatus.REJECTED,
                within=PATIENCE,
            )
            must(told.rejection_reason == REASON, f"the reason is {told.rejection_reason!r}")
            said.text = f'"{told.rejection_reason}"'

    async def refusals(self) -> None:
        """What must not happen is refused by the database, with a stable code."""
        request = await self._requests("Type theory", whole_minute(ahead=24 * 60 + 20))
        approve, reject = self.mentor.client.requests.approve, self.mentor.client.requests.reject
        with self.report.step("refused: rejecting without a reason") as said:
            said.text = await refused(reject(request.id, reason="  "), "reason_required")
        with self.report.step("refused: a time in the past") as said:
            said.text = await refused(
                self._requests("Yesterday", whole_minute(ahead=-24 * 60)), "time_in_past"
            )
        with self.report.step("refused: the same hour twice") as said:
            taken = (await self.mentor.client.sessions.upcoming())[0].scheduled_time
            said.text = await refused(self._requests("Double", taken), "slot_taken")
        stranger = await self._joins_in("Sid Stranger")
        with self.report.step("refused: a stranger approving it") as said:
            said.text = await refused(stranger.client.requests.approve(request.id), "not_found")
        with self.report.step("and the mentor still can"):
            self.later = await approve(request.id)
        self.stranger = stranger

    async def meet(self, session: Session) -> None:
        """Both join the room and exchange a description and candidates; nobody else gets in."""
        url, room = self.stack.signaling_url, room_of(session)
        async with (
            Peer(url, await self.mentor.client.auth.access_token()) as first,
            Peer(url, await self.student.client.auth.access_token()) as second,
            Peer(url, await self.stranger.client.auth.access_token()) as outsider,
        ):
            with self.report.step("the mentor joins the room") as said:
                answer = await first.join(room)
                must(answer["peers"] == [], f"somebody is there already: {answer['peers']}")
                said.text = f"peer {answer['peer']}"
            with self.report.step("the student joins the room") as said:
                joined = await second.join(room)
                must(len(joined["peers"]) == 1, f"expected one peer: {joined['peers']}")
                said.text = f"peer {joined['peer']}"
            with self.report.step("refused: a stranger at the door") as said:
                said.text = await outsider.refused(room, "not_a_participant")
            with self.report.step("they exchange offer, answer, candidates"):
                await exchange(first, answer["peer"], second, joined["peer"])

    async def mails(self) -> None:
        """What went out by mail: the approval with its calendar file, and a reminder in time."""
        with self.report.step("the approval came by mail") as said:
            said.text = await self._mail("request_approved")
        with self.report.step("a day before, both are reminded") as said:
            done = await time_passes(self.stack, self.later.scheduled_time - timedelta(hours=24))
            must(done["reminded"] >= 2, f"timed work did {done}")
            said.text = await self._mail("session_reminder")

    async def _mail(self, kind: str) -> str:
        """The subject of the mail of this kind to the student."""
        caught = await asyncio.to_thread(mail, self.stack, self.student.address, kind)
        return f'"{caught["subject"]}"'
