"""Sends what is due: claims deliveries, sends them, tells the database what came of each.

Any number of workers may run at once, and any of them may be killed at any moment. A claim is the
database's (`for update skip locked`, with a lease); only its holder can close the delivery. What a
killed worker had sent without having told so is sent once more, under the same Message-ID,
webhook-id or topic, by which the receiver knows it again: no protocol can promise more.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from functions.backoff import wait_after
from functions.errors import DeliveryFailed, Refused
from functions.notices import Delivery
from functions.senders import Sender
from functions.settings import Settings
from functions.supabase import Supabase

Result = dict[str, Any]
GATHER_AT_MOST = 16
GATHER_SECONDS = 0.02
"""Results are told together, as a call costs more than a mail; but soon, as what is not told when a
worker dies is sent again."""
_END = None


@dataclass
class Report:
    """What one call of `deliver` did, by count."""

    claimed: int = 0
    sent: int = 0
    retried: int = 0
    deferred: int = 0
    dead: int = 0
    skipped: int = 0
    lost: int = 0
    """Sent or failed, but the claim had ended: somebody else has it."""

    def as_json(self) -> dict[str, int]:
        return dict(vars(self))


@dataclass
class _Work:
    """One run: what waits to be sent, and what waits to be told."""

    inbox: asyncio.Queue[tuple[Delivery, float] | None]
    results: list[Result] = field(default_factory=list)
    some: asyncio.Event = field(default_factory=asyncio.Event)
    """There is a result to tell."""
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """No more results are worth waiting for."""
    senders_left: int = 0
    report: Report = field(default_factory=Report)

    def done(self, result: Result) -> None:
        self.results.append(result)
        self.some.set()
        if len(self.results) >= GATHER_AT_MOST:
            self.enough.set()

    def sender_ended(self) -> None:
        self.senders_left -= 1
        if not self.senders_left:
            self.some.set()
            self.enough.set()

    def take(self) -> list[Result]:
        results, self.results = self.results, []
        self.some.clear()
        if self.senders_left:
            self.enough.clear()
        return results


class Deliverer:
    """A worker. It keeps no state between runs."""

    def __init__(
        self,
        settings: Settings,
        supabase: Supabase,
        senders: Mapping[str, Sender],
        clock: Callable[[], datetime],
        chance: random.Random,
    ) -> None:
        self._settings = settings
        self._supabase = supabase
        self._senders = senders
        self._clock = clock
        self._chance = chance

    async def run(self, max_items: int | None = None) -> Report:
        """Send what is due now: all of it, or `max_items`, or as much as `work_time` allows."""
        parallel = self._settings.parallel
        work = _Work(asyncio.Queue(maxsize=self._settings.batch), senders_left=parallel)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._claim(work, max_items))
                for _ in range(parallel):
                    tasks.create_task(self._send_all(work))
                tasks.create_task(self._tell(work))
        except ExceptionGroup as group:
            refused, other = group.split(Refused)
            if refused is None or other is not None:
                raise
            # Every task met the same database: one refusal says it all.
            raise _first(refused) from group
        return work.report

    async def _claim(self, work: _Work, max_items: int | None) -> None:
        until = monotonic() + self._settings.work_time.total_seconds()
        left = max_items if max_items is not None else 1_000_000_000
        while left > 0 and monotonic() < until:
            count = min(left, self._settings.batch)
            started = monotonic()
            answer = await self._supabase.as_service(
                "claim_deliveries",
                max_items=count,
                lease_seconds=self._settings.lease.total_seconds(),
                now=self._clock().isoformat(),
            )
            found = answer["deliveries"]
            work.report.skipped += answer["skipped"]
            work.report.dead += answer["dead"]
            taken = len(found) + answer["skipped"] + answer["dead"]
            left -= taken
            for row in found:
                work.report.claimed += 1
                await work.inbox.put((Delivery.from_row(row), started))
            if taken < count:
                break
        for _ in range(self._settings.parallel):
            await work.inbox.put(_END)

    async def _send_all(self, work: _Work) -> None:
        latest_start = (self._settings.lease - self._settings.send_timeout).total_seconds()
        while (item := await work.inbox.get()) is not _END:
            delivery, claimed_at = item
            if monotonic() - claimed_at > latest_start:
                # The claim could end while this is on its way, and another worker send it too.
                work.report.deferred += 1
                work.done(_held(delivery) | {"status": "waiting"})
                continue
            work.done(await self._send(delivery, work.report))
        work.sender_ended()

    async def _tell(self, work: _Work) -> None:
        """Tell results as they come, some at once."""
        while work.senders_left or work.results:
            await work.some.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await work.enough.wait()
            results = work.take()
            if results:
                work.report.lost += len(results) - await self._finish(results)

    async def _finish(self, results: list[Result]) -> int:
        """How many were still ours. What was sent and cannot be told would be sent again, so a
        database that is away for a moment is waited for.
        """
        for pause in (0.2, 1.0, 3.0, None):
            try:
                answer = await self._supabase.as_service("finish_deliveries", results=results)
            except Refused as refused:
                if pause is None or refused.code != "database_unavailable":
                    raise
                await asyncio.sleep(pause)
            else:
                return int(answer["finished"])
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, delivery: Delivery, report: Report) -> Result:
        result = _held(delivery)
        sender = self._senders.get(delivery.channel)
        if sender is None:
            report.skipped += 1
            return result | {"status": "skipped", "outcome": f"{delivery.channel} is not set up"}
        until = self._quiet_until(delivery)
        if until is not None:
            report.deferred += 1
            return result | {"status": "waiting", "next_attempt_at": until.isoformat()}
        began = monotonic()
        try:
            async with asyncio.timeout(self._settings.send_timeout.total_seconds()):
                status = await sender.send(delivery)
        except TimeoutError:
            outcome = self._failed(delivery, DeliveryFailed("took too long"), report)
        except DeliveryFailed as exc:
            outcome = self._failed(delivery, exc, report)
        else:
            report.sent += 1
            outcome = {"status": "sent", "outcome": "sent", "response_status": status}
        return result | outcome | {"milliseconds": int((monotonic() - began) * 1000)}

    def _failed(self, delivery: Delivery, failure: DeliveryFailed, report: Report) -> Result:
        wait: timedelta | None = None
        if not failure.permanent:
            wait = wait_after(delivery.attempts + 1, self._chance, failure.retry_after)
        outcome: Result = {
            "failed": True,
            "outcome": failure.reason,
            "response_status": failure.status,
            "bounced": failure.bounced,
        }
        if wait is None:
            report.dead += 1
            return outcome | {"status": "dead", "gone": failure.gone}
        report.retried += 1
        again = self._clock() + wait
        return outcome | {"status": "waiting", "next_attempt_at": again.isoformat()}

    def _quiet_until(self, delivery: Delivery) -> datetime | None:
        if delivery.channel == "webhook":
            return None
        quiet = delivery.recipient.quiet_hours()
        until = quiet.holds_until(self._clock()) if quiet else None
        if until is not None and delivery.booking and delivery.booking.start <= until:
            # What is told after it has happened helps nobody: this one may wake.
            return None
        return until


def _held(delivery: Delivery) -> Result:
    """What proves to the database whose result this is."""
    return {"id": str(delivery.id), "claim": str(delivery.claim)}


def _first(group: ExceptionGroup[Refused]) -> Refused:
    found = group.exceptions[0]
    return found if isinstance(found, Refused) else _first(found)
