"""The functions on AWS Lambda: behind a function URL, API Gateway (1 and 2) or a load balancer.

A scheduled event (EventBridge) does the timed work without HTTP.
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

from mangum import Mangum

from functions.asgi import app_from_environment
from functions.timed_work import do_timed_work

SCHEDULERS = ("aws.events", "aws.scheduler")


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    loop = _loop()
    if event.get("source") in SCHEDULERS:
        return loop.run_until_complete(do_timed_work(app_from_environment().state.context))
    return _adapter()(dict(event), context)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    # One loop as long as the sandbox lives: open connections belong to it, and Mangum looks for it.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


@cache
def _adapter() -> Mangum:
    # The app lives as long as the sandbox; its connections end with it.
    return Mangum(app_from_environment(), lifespan="off")
