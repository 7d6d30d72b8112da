"""What the two faces do differently below the line that the generator translates."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

TokenSource = Callable[[], str] | Callable[[], Awaitable[str]]
SyncTokenSource = Callable[[], str]


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call what may block, out of the way of the event loop."""
    return await asyncio.to_thread(function, *arguments)


def in_place(function: Callable[..., T], *arguments: Any) -> T:
    """Call what may block."""
    return function(*arguments)


async def token_from(source: TokenSource) -> str:
    """Ask a plain or coroutine function for an access token."""
    token = source()
    return await token if inspect.isawaitable(token) else token


def sync_token_from(source: SyncTokenSource) -> str:
    """Ask a plain function for an access token."""
    return source()
