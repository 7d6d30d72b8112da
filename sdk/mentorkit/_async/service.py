"""The service: timed work and administration, with the secret key."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from mentorkit._async.transport import AsyncNobody, AsyncTransport, make_http
from mentorkit._calls import function, nothing
from mentorkit._clock import AsyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._retry import Retries
from mentorkit._rows import aware, identity, many
from mentorkit.channels import Delivery


class AsyncService:
    """What no user may do: timed work, and functions granted to the service alone.

    It takes the secret key, which `AsyncMentorkit` refuses, and it cannot sign in, so it can
    never become a user and a user's client can never become it. It is not for reading on behalf of
    somebody: row level security does not hold for it. Only for servers.
    """

    def __init__(
        self,
        url: str,
        secret_key: str,
        *,
        timeout: float = 30.0,
        retries: Retries | None = None,
        clock: AsyncClock | None = None,
        _http: httpx.AsyncClient | None = None,
    ) -> None:
        self._http = _http or make_http(timeout)
        self._transport = AsyncTransport(
            Endpoint.secret(url, secret_key),
            self._http,
            AsyncNobody(),
            retries or Retries(),
            clock or AsyncClock(),
        )

    async def timed_work(
        self, *, now: datetime | None = None, max_items: int = 500
    ) -> dict[str, int]:
        """Expire, remind, start and complete what is due; gives how many of each.

        Two callers at once do each item once, so that it may be repeated and called from several
        schedulers. `max_items` bounds one call: call again while something was done.
        """
        parameters: dict[str, Any] = {"max_items": max_items}
        if now is not None:
            parameters["now"] = aware("now", now)
        return await self._transport.run(function("timed_work", parameters, _counts, safe=True))

    async def dead_deliveries(self, *, max_items: int = 100) -> list[Delivery]:
        """Mail, push messages and webhooks that were given up, the last one first."""
        parameters = {"max_items": max_items}
        return await self._transport.run(
            function("dead_deliveries", parameters, many(Delivery.from_row), safe=True)
        )

    async def revive_delivery(self, delivery_id: UUID | str) -> None:
        """Give a delivery that was given up another chance; its address is forgiven.

        Raises `Conflict` (delivery_under_way), `NotFound`.
        """
        parameters = {"delivery_id": identity("delivery_id", delivery_id)}
        await self._transport.run(function("revive_delivery", parameters, nothing))

    async def schema_version(self) -> str:
        """Which migrations the database has."""
        return await self._transport.run(function("schema_version", {}, str, safe=True))

    async def call(
        self, name: str, parameters: dict[str, Any] | None = None, *, safe: bool = False
    ) -> Any:
        """Call any database function as the service; `safe` says it may be called twice."""
        values = {key: _plain(key, value) for key, value in (parameters or {}).items()}
        return await self._transport.run(function(name, values, _as_it_is, safe=safe))

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _counts(data: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in dict(data).items()}


def _as_it_is(data: Any) -> Any:
    return data


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return aware(name, value)
    return identity(name, value) if isinstance(value, UUID) else value
