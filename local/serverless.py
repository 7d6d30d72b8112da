"""The functions inside a stack: with a mail server that catches mail, and a scheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from functions.app import app_from
from local.mail_pages import mail_routes
from local.mail_sink import mail_sink

log = logging.getLogger("mentorkit.serverless")


def serverless(
    env: Mapping[str, str], mail_port: int, mail_folder: Path, *, timed_work_every: float
) -> Starlette:
    """The functions of a stack; while it lives, mail is caught and timed work is done.

    `env` names their settings as the environment does. `timed_work_every` is in seconds, 0 for
    never; a deployment's scheduler calls every minute.
    """
    functions = app_from(env)
    secret = env["MENTORKIT_TIMED_WORK_SECRET"]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(functions.router.lifespan_context(functions))
            await stack.enter_async_context(mail_sink(mail_folder, mail_port))
            if timed_work_every > 0:
                await stack.enter_async_context(_scheduler(functions, secret, timed_work_every))
            yield

    return Starlette(
        routes=[*mail_routes(mail_folder), Mount("/", functions)],
        lifespan=lifespan,
    )


@asynccontextmanager
async def _scheduler(functions: Starlette, secret: str, every: float) -> AsyncIterator[None]:
    async def tick() -> None:
        # As a scheduler does it, through the door; only that no network lies between.
        transport = httpx.ASGITransport(functions, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://functions", headers=headers
        ) as http:
            while True:
                await asyncio.sleep(every)
                answer = await http.post("/timed-work")
                if answer.is_error:
                    # The database is being made, or made anew: a later tick finds it.
                    log.debug("timed work: %s", answer.text)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
