"""Thirty days by a clock that jumps from one due moment to the next, two workers, random kill -9.

Every reminder, approval, cancellation and move is mailed once; none for what was cancelled or moved
before it was due.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg import Error as PsycopgError
from psycopg.rows import TupleRow

from tests.functions.house import House, on_the_minute
from tests.functions.receivers import MailServer
from tests.functions.worker import write_settings
from tests.support.campaign import size
from tests.support.database import as_user, new_user
from tests.support.stack import REPO
from tests.support.wait import eventually

OFFSETS = {
    timedelta(days=1): "In one day",
    timedelta(hours=1): "In one hour",
    timedelta(minutes=10): "In 10 minutes",
}
PARALLEL = 4
Key = tuple[str, str, str, str]


@dataclass
class Worker:
    """A worker process."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, settings: Path, clock: Path) -> Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.functions.worker", str(settings), str(clock),
            cwd=REPO, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return cls(process)

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass
class Booked:
    """A session as the test knows it."""

    id: str
    title: str
    start: datetime
    planned: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    """The starts it had, each with the moment until which it stood."""
    cancelled: bool = False
    moved: int = 0

    def change(self, now: datetime, start: datetime | None) -> None:
        self.planned[-1] = (self.planned[-1][0], now)
        if start is None:
            self.cancelled = True
        else:
            self.start = start
            self.moved += 1
            self.planned.append((start, None))

    def reminders(self) -> set[tuple[datetime, str]]:
        """What has to be told of it: when, and in which words."""
        return {
            (start - before, words)
            for start, until in self.planned
            for before, words in OFFSETS.items()
            if until is None or start - before <= until
        }


@asynccontextmanager
async def workers(settings: Path, clock: Path) -> AsyncIterator[list[Worker]]:
    async with AsyncExitStack() as stack:
        running = list(await asyncio.gather(*(Worker.start(settings, clock) for _ in range(2))))

        async def end() -> None:
            for worker in running:
                await worker.kill()

        stack.push_async_callback(end)
        yield running


@pytest.mark.timeout(1800)
async def test_each_due_item_once(house: House, mails: MailServer, tmp_path: Path) -> None:
    chance = random.Random(30)
    people = size(4, 12)
    count = size(16, 240)
    kills_wanted = size(4, 60)
    begin = datetime.now(UTC)
    clock = tmp_path / "clock"

    def set_clock(now: datetime) -> None:
        scratch = tmp_path / "clock.part"
        scratch.write_text(now.isoformat())
        scratch.replace(clock)

    set_clock(begin)
    settings = tmp_path / "settings.json"
    write_settings(
        house.settings(
            smtp_url=mails.url,
            parallel=PARALLEL,
            batch=8,
            lease=timedelta(seconds=5),
            send_timeout=timedelta(seconds=3),
        ),
        settings,
    )
    admin = await AsyncConnection.connect(house.database.admin_conninfo, autocommit=True)
    async with admin, workers(settings, clock) as running:
        mentors = [await new_user(admin, f"Mentor {n}", mentor=True) for n in range(people)]
        students = [await new_user(admin, f"Student {n}") for n in range(people)]
        booked: list[Booked] = []
        everybody: dict[str, tuple[str, str]] = {}
        for number in range(count):
            mentor, student = chance.choice(mentors), chance.choice(students)
            title = f"Session {number}"
            start = on_the_minute(begin) + timedelta(
                hours=26 + number * 672 // count, minutes=chance.randrange(40)
            )
            async with as_user(house.database.conninfo, student) as conn:
                cursor = await conn.execute(
                    "select id from public.request_session(%s, %s, %s, %s, 30)",
                    (mentor, house.subject, title, start),
                )
                request = (await cursor.fetchall())[0][0]
            async with as_user(house.database.conninfo, mentor) as conn:
                cursor = await conn.execute("select id from public.approve_request(%s)", (request,))
                session = str((await cursor.fetchall())[0][0])
            booked.append(Booked(session, title, start, [(start, None)]))
            everybody[title] = (f"{mentor}@example.test", f"{student}@example.test")

        async def nothing_due(now: datetime) -> bool:
            rows: list[TupleRow] = await (
                await admin.execute(
                    "select (select count(*) from public.session_reminders "
                    "  where closed_at is null and reminder_time <= %(now)s) "
                    "+ (select count(*) from public.notification_deliveries "
                    "  where status = 'claimed' "
                    "    or (status = 'waiting' and next_attempt_at <= %(now)s))",
                    {"now": now},
                )
            ).fetchall()
            return bool(rows[0][0] == 0)

        async def settle(now: datetime) -> None:
            await eventually(lambda: nothing_due(now), within=60.0)

        await settle(begin)
        changes = chance.sample(booked, count // 3)
        end = begin + timedelta(days=30)
        moments = sorted(
            {start - before for b in booked for before in OFFSETS for start in [b.start]}
            | {b.start + timedelta(minutes=31) for b in booked}
        )
        kill_at = set(chance.sample(range(len(moments)), min(kills_wanted, len(moments))))
        kills = 0
        step = 0
        now = begin
        while moments:
            now = moments.pop(0)
            if now > end:
                break
            set_clock(now)
            if step in kill_at:
                # Somewhere between claiming, sending and telling.
                await asyncio.sleep(chance.random() * 0.15)
                place = chance.randrange(2)
                await running[place].kill()
                kills += 1
                running[place] = await Worker.start(settings, clock)
            await settle(now)
            step += 1
            if changes and step % 3 == 0:
                one = changes.pop()
                if one.start - now < timedelta(hours=2):
                    continue
                new = None if chance.random() < 0.5 else one.start + timedelta(days=1, minutes=7)
                if new is None:
                    await admin.execute(
                        "update public.sessions set status = 'cancelled', cancel_reason = 'Off.' "
                        "where id = %s",
                        (one.id,),
                    )
                else:
                    try:
                        await admin.execute(
                            "update public.sessions set scheduled_time = %s, "
                            "end_time = %s where id = %s",
                            (new, new + timedelta(minutes=30), one.id),
                        )
                    except PsycopgError as exc:
                        if "slot_taken" not in str(exc):
                            raise
                        continue
                one.change(now, new)
                await settle(now)
                ahead = (one.start - before for before in OFFSETS)
                moments = sorted({*moments, *(moment for moment in ahead if moment > now)})

    expected: Counter[Key] = Counter()
    for one in booked:
        for person in everybody[one.title]:
            for at, words in one.reminders():
                if begin < at <= now:
                    expected[person, one.title, "session_reminder", words] += 1
            for kind, times in (
                ("session_cancelled", one.cancelled),
                ("session_rescheduled", one.moved),
            ):
                if times:
                    expected[person, one.title, kind, ""] += int(times)
    # Which reminder a mail is, by its delivery: one that had to be sent twice says another wait.
    minutes = await house.sql(
        "select d.id::text, (n.payload ->> 'starts_in_minutes')::int "
        "from public.notification_deliveries as d "
        "join public.notifications as n on n.id = d.notification_id "
        "where n.kind = 'session_reminder'"
    )
    offset_words = {before // timedelta(minutes=1): words for before, words in OFFSETS.items()}
    reminder = {f"<{delivery}@example.test>": offset_words[ahead] for delivery, ahead in minutes}
    seen: dict[str, Key] = {}
    for mail in mails.received:
        subject, kind = str(mail["Subject"]), str(mail["X-Mentorkit-Kind"])
        title = next(t for t in sorted(everybody, key=len, reverse=True) if t in subject)
        message_id = str(mail["Message-ID"])
        words = reminder[message_id] if kind == "session_reminder" else ""
        key = (str(mail["To"].addresses[0].addr_spec), title, kind, words)
        assert seen.setdefault(message_id, key) == key
    told = Counter(key for key in seen.values() if key[2] in {k[2] for k in expected})
    assert told == expected
    approvals = Counter(
        key for key in seen.values() if key[2] in ("request_approved", "session_booked")
    )
    assert set(approvals.values()) == {1}
    assert len(approvals) == 2 * count
    # A worker killed after the server took a mail and before it could say so: sent again, and known
    # again by its Message-ID.
    repeated = len(mails.raw) - len(seen)
    assert repeated <= kills * PARALLEL
    print(f"{count} sessions, {len(seen)} mails, {kills} kills, {repeated} sent twice")
    statuses = await house.sql(
        "select status, count(*) from public.notification_deliveries group by 1"
    )
    assert {status for status, _ in statuses} <= {"sent", "skipped"}
