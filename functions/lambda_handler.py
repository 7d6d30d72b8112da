"""The functions on AWS Lambda: behind a function URL, API Gateway (1 and 2) or a load balancer.

A scheduled event (EventBridge) does the timed work without HTTP.
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

from mangum import Mangum

from functions.app import create_context
from functions.asgi import app_from_environment
from functions.context import Context
from functions.timed_work import do_timed_work


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    if event.get("source") == "aws.events" or event.get("source") == "aws.scheduler":
        return asyncio.run(_timed_work())
    return _adapter()(dict(event), context)


@cache
def _adapter() -> Mangum:
    # The app lives as long as the sandbox; its connections end with it.
    return Mangum(app_from_environment(), lifespan="off")


async def _timed_work() -> dict[str, Any]:
    made: Context = app_from_environment().state.context
    fresh = create_context(made.settings, clock=made.clock)
    try:
        return await do_timed_work(fresh)
    finally:
        await fresh.aclose()
