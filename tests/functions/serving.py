"""The functions as one deployment has them, for a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from functions.addresses import Outbound
from functions.app import create_app
from functions.context import Clock, Context, system_clock
from functions.deliver import Report
from tests.functions.house import SECRET, House

FUNCTIONS_URL = "https://functions.example.test"
SCHEDULER = {"authorization": f"Bearer {SECRET}"}


@dataclass(frozen=True)
class Functions:
    """An app, what it is made of, and a client that calls it."""

    context: Context
    http: httpx.AsyncClient

    async def deliver(self) -> Report:
        return await self.context.deliverer.run()


@asynccontextmanager
async def serve(
    house: House, *, clock: Clock = system_clock, outbound: Outbound | None = None, **changes: Any
) -> AsyncIterator[Functions]:
    """The functions on the house's database; `changes` are changed settings."""
    app = create_app(house.settings(**changes), clock=clock, outbound=outbound)
    # A failure inside the app is an answer to the client, as it would be on a host.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=FUNCTIONS_URL) as http,
    ):
        yield Functions(app.state.context, http)
