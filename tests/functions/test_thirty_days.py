"""Thirty days by a clock that jumps from one due moment to the next: two workers, random kill -9,
mail servers that put off one mail in ten.

Every reminder, approval, cancellation and move is mailed once; none for what was cancelled or moved
before it was due. What is drawn by chance is drawn from the seed in the test's name;
MENTORKIT_TEST_SEED names another.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from psycopg import AsyncConnection

from tests.functions.house import House
from tests.functions.month import OFFSETS, Month, book
from tests.functions.receivers import parse_mail
from tests.functions.workers import Workers
from tests.support.campaign import seeds, size

Key = tuple[str, str, str, str]
"""To whom, about which session, of what kind, which reminder."""
KINDS = {
    "request_approved",
    "session_booked",
    "session_cancelled",
    "session_reminder",
    "session_rescheduled",
}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", seeds(30))
async def test_each_due_item_once(house: House, tmp_path: Path, seed: int) -> None:
    count, kills = size(8, 240), size(4, 60)
    chance = Random(seed)
    admin = await AsyncConnection.connect(house.database.admin_conninfo, autocommit=True)
    async with admin:
        month = await book(house, admin, chance, people=size(3, 12), count=count)
        workers = Workers(house, admin, tmp_path, seed)
        moments = month.moments(month.begin)
        kill_at = set(chance.sample(moments, kills))
        async with workers.running(month.begin):
            await workers.advance(month.begin)
            now = await workers.drain()
            step = 0
            while moments:
                moment = moments[0]
                await workers.advance(max(moment, now), kill=moment in kill_at)
                now = await workers.drain()
                step += 1
                if step % 3 == 0 and month.changes < count // 3:
                    await month.change(admin, chance, now)
                    await workers.advance(now)
                    now = await workers.drain()
                moments = month.moments(moment)
        mails = [parse_mail(content) for content in workers.mails]
        sent = Counter(str(mail["Message-ID"]) for mail in mails)
        minutes, attempts = await deliveries(admin)

    told: dict[str, Key] = {}
    for mail in mails:
        kind, message_id = str(mail["X-Mentorkit-Kind"]), str(mail["Message-ID"])
        title = next(one.title for one in month.booked if one.title in str(mail["Subject"]))
        # Which reminder it is says its notice: one that was put off says another wait.
        before = minutes.get(message_id)
        words = OFFSETS.get(before, str(before)) if kind == "session_reminder" and before else ""
        key = (str(mail["To"].addresses[0].addr_spec), title, kind, words)
        assert told.setdefault(message_id, key) == key
    assert Counter(key for key in told.values() if key[2] in KINDS) == expected(month, now)
    # A worker that dies after the server took a mail and before it could say so leaves a doubt: the
    # mail is sent again, and known again by its Message-ID. That, and nothing else, repeats a mail.
    for message_id, copies in sent.items():
        assert copies <= 1 + attempts[message_id] - (message_id in workers.put_off)
    repeated = len(mails) - len(sent)
    assert workers.kills == kills
    assert workers.put_off
    print(
        f"seed {seed}: {count} sessions, {len(sent)} mails, {kills} kills, "
        f"{len(workers.put_off)} put off, {repeated} sent twice"
    )


def expected(month: Month, end: datetime) -> Counter[Key]:
    """What has to be told of the month."""
    found: Counter[Key] = Counter()
    for one in month.booked:
        mentor, student = f"{one.mentor}@example.test", f"{one.student}@example.test"
        found[student, one.title, "request_approved", ""] += 1
        found[mentor, one.title, "session_booked", ""] += 1
        for person in (mentor, student):
            for at, words in one.reminders():
                assert month.begin < at <= end
                found[person, one.title, "session_reminder", words] += 1
            if one.cancelled:
                found[person, one.title, "session_cancelled", ""] += 1
            if len(one.planned) > 1:
                found[person, one.title, "session_rescheduled", ""] += len(one.planned) - 1
    return found


async def deliveries(
    admin: AsyncConnection,
) -> tuple[dict[str, timedelta], dict[str, int]]:
    """Of each mail, by its Message-ID: how long before the session its reminder is, and how many
    attempts were counted as failed. Nothing may be left undone.
    """
    cursor = await admin.execute(
        "select d.id::text, d.status, d.attempts, (n.payload ->> 'starts_in_minutes')::int "
        "from public.notification_deliveries as d "
        "join public.notifications as n on n.id = d.notification_id"
    )
    rows = await cursor.fetchall()
    assert {status for _, status, _, _ in rows} <= {"sent", "skipped"}
    minutes = {name(row[0]): timedelta(minutes=row[3]) for row in rows if row[3] is not None}
    return minutes, {name(row[0]): row[2] for row in rows}


def name(delivery: str) -> str:
    return f"<{delivery}@example.test>"
