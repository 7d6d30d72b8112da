"""The three questions asked of Supabase over HTTP, each answered or `Unavailable`."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec


class Unavailable(Exception):
    """Supabase did not answer, or not in a way that decides anything."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


class Supabase:
    """A project's HTTP API, called with the publishable key and, where given, as a signed-in
    user.
    """

    def __init__(self, url: str, key: str, *, timeout: float, concurrency: int) -> None:
        self._key = key
        # More callers than this wait inside the process, so that a storm of joins cannot open a
        # storm of connections to the database.
        self._gate = asyncio.Semaphore(concurrency)
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            headers={"apikey": key, "accept": "application/json"},
        )

    async def keys(self) -> Answer:
        """The public signing keys (JWKS)."""
        return await self._ask("GET", "/auth/v1/.well-known/jwks.json", None, None)

    async def user(self, token: str) -> Answer:
        """Who auth says the token belongs to."""
        return await self._ask("GET", "/auth/v1/user", token, None)

    async def room_access(self, token: str, room: str) -> Answer:
        """The database's decision about a room, taken as the caller."""
        return await self._ask("POST", "/rest/v1/rpc/room_access", token, {"room_id": room})

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, token: str | None, body: Any) -> Answer:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            async with self._gate:
                response = await self._client.request(
                    method, path, headers=headers, content=content
                )
            return Answer(response.status_code, msgspec.json.decode(response.content or b"null"))
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeError) as exc:
            raise Unavailable(f"{method} {path}: {type(exc).__name__}") from exc
