"""A mentor's assistant: approves what comes in office hours, rejects the rest with a reason.

    SUPABASE_URL=... SUPABASE_PUBLISHABLE_KEY=... MENTOR_EMAIL=... MENTOR_PASSWORD=... \
        python examples/approve_all.py
"""

from __future__ import annotations

import asyncio
import os
from zoneinfo import ZoneInfo

from mentorkit import AsyncMentorkit, Request, RequestStatus
from mentorkit.errors import Conflict


async def assist(kit: AsyncMentorkit, zone: ZoneInfo, *, quiet: float | None = None) -> int:
    """Answer what waits and what comes; ends after `quiet` seconds without news, or never."""
    answered = 0
    async with kit.requests.watch(role="mentor", timeout=quiet) as requests:
        async for request in requests:
            if request.status is RequestStatus.PENDING:
                await answer(kit, request, zone)
                answered += 1
    return answered


async def answer(kit: AsyncMentorkit, request: Request, zone: ZoneInfo) -> None:
    """Approve between nine and five, reject otherwise."""
    hour = request.requested_time.astimezone(zone).hour
    try:
        if 9 <= hour < 17:
            session = await kit.requests.approve(request.id)
            print(f"approved {request.title!r}: {session.video_room_id}")
        else:
            await kit.requests.reject(request.id, reason="Please ask for a time from 9 to 17.")
            print(f"rejected {request.title!r}")
    except Conflict as late:  # withdrawn meanwhile, or the time was taken
        print(f"left {request.title!r}: {late}")


async def main() -> None:
    async with AsyncMentorkit(
        os.environ["SUPABASE_URL"], os.environ["SUPABASE_PUBLISHABLE_KEY"]
    ) as kit:
        await kit.auth.sign_in(
            email=os.environ["MENTOR_EMAIL"], password=os.environ["MENTOR_PASSWORD"]
        )
        await assist(kit, ZoneInfo("Europe/Berlin"))


if __name__ == "__main__":
    asyncio.run(main())
