"""The functions for any ASGI host: `uvicorn functions.asgi:app`. The only reader of the
environment.

The app is made at the first event, so that importing this module needs no settings.
"""

import os
from functools import cache

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from functions.app import app_from


@cache
def app_from_environment() -> Starlette:
    """The app for the settings in the environment; the same one every time."""
    return app_from(os.environ)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI app."""
    await app_from_environment()(scope, receive, send)
