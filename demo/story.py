"""The story, step by step; each step checks what a user would look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from mentorkit import MentorkitError, Request, RequestStatus, Session

from demo.people import Person, has_taught, sign_up
from demo.report import Report
from demo.room import meet
from demo.stack import Stack

T = TypeVar("T")
PATIENCE = 10.0  # seconds that any single fact may take to become true


class NotAsPromised(Exception):
    """The product did something else than the story says."""


def must(condition: bool, sentence: str) -> None:
    """Stop the story when what a user would see is not what was promised."""
    if not condition:
        raise NotAsPromised(sentence)


def next_minute(now: datetime, *, ahead: int) -> datetime:
    """A whole minute, at least `ahead` minutes from now: requests are made at the minute."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=ahead + 1)


async def seen(changes: AsyncIterator[T], wanted: str, matches: object) -> T:
    """The first change that is the one waited for."""
    async with asyncio.timeout(PATIENCE):
        async for change in changes:
            if callable(matches) and matches(change):
                return change
    raise NotAsPromised(f"the stream ended before {wanted} was seen")


async def refused(attempt: Awaitable[object], code: str) -> str:
    """The attempt must be refused with exactly this code."""
    try:
        await attempt
    except MentorkitError as refusal:
        must(refusal.code == code, f"refused with {refusal.code}, not {code}: {refusal}")
        return f"{code}: {refusal}"
    raise NotAsPromised(f"it was allowed, but should be refused with {code}")
