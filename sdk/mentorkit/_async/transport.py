"""Sending calls as somebody: retries, fresh tokens, errors of mentorkit."""

from __future__ import annotations

import logging
from typing import Protocol, TypeVar

import httpx
from postgrest import AsyncPostgrestClient

from mentorkit._calls import Call
from mentorkit._clock import AsyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._http import TOKEN_REFUSED, check, translated
from mentorkit._retry import Retries
from mentorkit._wire import Wire, data_of
from mentorkit.errors import Closed, NotSignedIn, Unavailable

T = TypeVar("T")
log = logging.getLogger("mentorkit")


class AsyncBearer(Protocol):
    """Who the calls are sent as."""

    async def bearer(self) -> str | None:
        """The access token to send, still good; None is nobody in particular."""

    async def renew(self, refused: str) -> bool:
        """The server did not accept this token; whether there is another one now."""


class AsyncNobody:
    """Sends calls with the API key alone."""

    async def bearer(self) -> str | None:
        """None."""
        return None

    async def renew(self, refused: str) -> bool:
        """Never."""
        return False


def make_http(timeout: float) -> httpx.AsyncClient:
    """The connection pool of a client; every answer is looked at before the libraries see it."""

    async def look(response: httpx.Response) -> None:
        if not response.is_success or "html" in response.headers.get("content-type", ""):
            await response.aread()
            check(response)

    return httpx.AsyncClient(
        http2=True,
        timeout=timeout,
        follow_redirects=True,
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=100),
        event_hooks={"response": [look]},
    )


class AsyncTransport:
    """Runs calls against the database as one person."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: httpx.AsyncClient,
        person: AsyncBearer,
        retries: Retries,
        clock: AsyncClock,
    ) -> None:
        self._endpoint = endpoint
        self._http = http
        self._person = person
        self._retries = retries
        self._clock = clock
        self._wire = Wire(endpoint, http.headers, http.timeout)
        self._queries = AsyncPostgrestClient(self._wire.base, headers={}, http_client=http)

    async def run(self, call: Call[T]) -> T:
        """Send a call; again when that is safe and may help."""
        attempt = 0
        renewed = False
        while True:
            attempt += 1
            bearer = None
            try:
                bearer = await self._person.bearer()
                if self._http.is_closed:
                    raise Closed("The client is closed.")
                request = self._wire.request(call.build(self._queries), bearer)
                with translated(signed_in=bearer is not None):
                    data = data_of(await self._http.send(request))
                return call.parse(data)
            except NotSignedIn as fault:
                if renewed or bearer is None or fault.code != TOKEN_REFUSED:
                    raise
                renewed = await self._person.renew(bearer)
                if not renewed:
                    raise
            except Unavailable as fault:
                delay = self._retries.delay(attempt, fault, safe=call.safe)
                if delay is None:
                    raise
                log.info("Attempt %d failed (%s); again in %.1f s.", attempt, fault, delay)
                await self._clock.sleep(delay)
