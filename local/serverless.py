"""The functions inside a stack: with a mail server that catches mail, and a scheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from functions.app import create_app
from functions.context import Context
from functions.errors import Refused
from functions.settings import Settings
from functions.timed_work import do_timed_work
from local.mail_pages import mail_routes
from local.mail_sink import mail_sink

EVERY = 5.0  # seconds; a deployment's scheduler calls every minute

log = logging.getLogger("mentorkit.serverless")


def serverless(settings: Settings, mail_port: int, mail_folder: Path) -> Starlette:
    """The functions of a stack; while it lives, mail is caught and timed work is done."""
    functions = create_app(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(functions.router.lifespan_context(functions))
            await stack.enter_async_context(mail_sink(mail_folder, mail_port))
            await stack.enter_async_context(_scheduler(functions.state.context))
            yield

    return Starlette(
        routes=[*mail_routes(mail_folder), Mount("/", functions)],
        lifespan=lifespan,
    )


@asynccontextmanager
async def _scheduler(context: Context) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await do_timed_work(context)
            except (Refused, ExceptionGroup) as exc:
                # The database is being made, or made anew: a later tick finds it.
                log.debug("timed work: %s", exc)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
