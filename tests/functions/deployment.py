"""The functions as a host runs them: a process that gets its settings from the environment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from functions.settings import Settings
from local.ports import free_port
from tests.support.stack import REPO
from tests.support.wait import eventually


def environment(settings: Settings) -> dict[str, str]:
    """The variables that lead to these settings."""
    named = {
        "SUPABASE_URL": settings.supabase_url,
        "SUPABASE_SECRET_KEY": settings.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": settings.publishable_key,
        "FUNCTIONS_URL": settings.public_url,
        "MENTORKIT_SIGNING_KEY": settings.signing_key,
        "MENTORKIT_TIMED_WORK_SECRET": settings.timed_work_secret,
        "WEB_URL": settings.app_url,
        "MENTORKIT_MAIL_FROM": settings.mail_from,
        "MENTORKIT_SMTP_URL": settings.smtp_url,
        "MENTORKIT_ALLOW_PRIVATE_TARGETS": "1" if settings.allow_private_targets else "",
    }
    return {"PATH": os.environ["PATH"], **named}


@asynccontextmanager
async def deployed(settings: Settings) -> AsyncIterator[str]:
    """`uvicorn functions.asgi:app` on a port of its own; the address it answers at."""
    port = free_port(without=set())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", "functions.asgi:app",
        "--port", str(port), "--no-access-log", "--log-level", "error",
        cwd=REPO, env=environment(settings),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=5) as http:

            async def answers() -> bool:
                try:
                    return (await http.get("/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(answers, within=40.0)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
