"""Two workers as processes of their own, the mail servers they talk to, and the clock they see."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from psycopg import AsyncConnection

from tests.functions.house import House
from tests.functions.receivers import parse_mail
from tests.functions.worker import write_settings
from tests.support.stack import REPO
from tests.support.wait import eventually

SETTLED_WITHIN = 60.0
LEASE_STEP = timedelta(minutes=10)
PUT_OFF = 0.1
MOST_EVENTS = 4


@dataclass
class Worker:
    """A worker process. Its claims are known by their length, which no other worker's have."""

    process: asyncio.subprocess.Process
    server: asyncio.Server
    lease: timedelta
    dies_after: int | None = None
    """Mail server's events that are left to it."""
    killed: bool = False
    asked: bool = False
    """It has begun to ask for work."""

    async def ready(self) -> None:
        assert self.process.stdout is not None
        while not self.asked:
            self.asked = await self.process.stdout.readline() == b"ready\n"
            assert self.asked, "a worker did not start"

    def event(self) -> None:
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after <= 0:
                self.kill()

    def kill(self) -> None:
        if not self.killed:
            self.killed = True
            self.process.kill()


@dataclass
class _Sink:
    """The mail server of one worker, so that it is known who sends."""

    workers: Workers
    worker: Worker | None = None

    # aiosmtpd looks for methods of these names.
    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        self._event()
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if self.workers.put_off_now(content):
            return "451 4.3.2 come back later"
        self.workers.mails.append(content)
        # Who dies now has sent a mail and never learns of it.
        self._event()
        return "250 taken"

    def _event(self) -> None:
        if self.worker is not None:
            self.worker.event()


@dataclass
class Workers:
    """Does the timed work of a house by a clock that the test sets."""

    house: House
    admin: AsyncConnection[Any]
    folder: Path
    seed: int
    mails: list[bytes] = field(default_factory=list)
    """What was taken, by any server."""
    put_off: set[str] = field(default_factory=set)
    kills: int = 0
    parallel: int = 4
    now: datetime | None = None
    _running: list[Worker] = field(default_factory=list)
    _dead: list[Worker] = field(default_factory=list)
    _started: int = 0

    def __post_init__(self) -> None:
        self._chance = Random(f"{self.seed} workers")

    @asynccontextmanager
    async def running(self, begin: datetime) -> AsyncIterator[None]:
        self._set_clock(begin)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._end)
            for _ in range(2):
                self._running.append(await self._start())
            yield

    async def advance(self, now: datetime, *, kill: bool = False) -> None:
        """Set the clock and wait until all that is due by it is done, through the death of a worker
        when told so.
        """
        victim: int | None = None
        if kill:
            victim = self._chance.randrange(2)
            await self._running[victim].ready()
            # 0: as soon as the clock is set, so amid a call to the database; 1: it has claimed;
            # 2: it has sent, and does not learn of it; 3: it has also told something, or not.
            after = self._chance.randrange(MOST_EVENTS)
            self._running[victim].dies_after = after
        self._set_clock(now)
        if victim is not None and self._running[victim].dies_after == 0:
            await self._replace(victim)
            victim = None
        await self._settle(now)
        if victim is not None:
            await self._replace(victim)
            await self._settle(now)

    async def drain(self) -> datetime:
        """Go on to each moment for which something was put off, until nothing waits."""
        assert self.now is not None
        while (again := await self._next_attempt()) is not None:
            await self.advance(max(again, self.now))
        return self.now

    def put_off_now(self, content: bytes) -> bool:
        """One mail in ten comes at a bad time, once."""
        mail = parse_mail(content)
        message_id = str(mail["Message-ID"])
        what = f"{self.seed} {mail['To']} {mail['X-Mentorkit-Kind']} {mail['Subject']}"
        if message_id in self.put_off or Random(what).random() >= PUT_OFF:
            return False
        self.put_off.add(message_id)
        return True

    def _set_clock(self, now: datetime) -> None:
        self.now = now
        scratch = self.folder / "clock.part"
        scratch.write_text(now.isoformat())
        scratch.replace(self.folder / "clock")

    async def _start(self) -> Worker:
        self._started += 1
        sink = _Sink(self)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
        lease = self._started * LEASE_STEP
        settings = self.folder / f"settings-{self._started}.json"
        write_settings(
            self.house.settings(
                smtp_url=f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                parallel=self.parallel,
                batch=8,
                lease=lease,
                # A busy machine is no reason to fail.
                send_timeout=timedelta(seconds=SETTLED_WITHIN),
            ),
            settings,
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.functions.worker",
            str(settings), str(self.folder / "clock"),
            cwd=REPO, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        sink.worker = Worker(process, server, lease)
        return sink.worker

    async def _replace(self, place: int) -> None:
        worker = self._running[place]
        worker.kill()
        await worker.process.wait()
        self._dead.append(worker)
        self.kills += 1
        self._running[place] = await self._start()

    async def _settle(self, now: datetime) -> None:
        await eventually(lambda: self._settled(now), within=SETTLED_WITHIN)

    async def _settled(self, now: datetime) -> bool:
        for worker in self._running:
            assert worker.killed or worker.process.returncode is None, "a worker ended by itself"
        if any(worker.killed for worker in self._running) or self._dead:
            await self._let_claims_lapse()
        cursor = await self.admin.execute(
            "select (select count(*) from public.session_reminders "
            "  where closed_at is null and reminder_time <= %(now)s) "
            "+ (select count(*) from public.notification_deliveries "
            "  where status = 'claimed' "
            "    or (status = 'waiting' and next_attempt_at <= %(now)s)) "
            "+ (select count(*) from public.sessions "
            "  where (status = 'scheduled' and scheduled_time <= %(now)s) "
            "    or (status = 'ongoing' and end_time <= %(now)s))",
            {"now": now},
        )
        rows = await cursor.fetchall()
        return bool(rows[0][0] == 0)

    async def _let_claims_lapse(self) -> None:
        """What the dead held is free, as if the time of its claim were over."""
        dead = [*self._dead, *(worker for worker in self._running if worker.killed)]
        await self.admin.execute(
            "update public.notification_deliveries as d set claimed_until = clock_timestamp() "
            "where d.status = 'claimed' and exists ("
            "  select from unnest(%s::float[]) as lease where "
            "    abs(extract(epoch from d.claimed_until - clock_timestamp()) - lease) < %s)",
            (
                [worker.lease.total_seconds() for worker in dead],
                LEASE_STEP.total_seconds() / 2,
            ),
        )

    async def _next_attempt(self) -> datetime | None:
        cursor = await self.admin.execute(
            "select min(next_attempt_at) from public.notification_deliveries "
            "where status = 'waiting'"
        )
        found: datetime | None = (await cursor.fetchall())[0][0]
        return found

    async def _end(self) -> None:
        for worker in [*self._running, *self._dead]:
            worker.kill()
            await worker.process.wait()
            worker.server.close()
