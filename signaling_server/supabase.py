"""The three questions asked of Supabase over HTTP, each answered or `Unavailable`."""

from dataclasses import dataclass
from typing import Any

import msgspec

from signaling_server.http import Client, HttpError


class Unavailable(Exception):
    """Supabase did not answer, or not in a way that decides anything."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


class Supabase:
    """A project's HTTP API, with the publishable key and, where given, as a signed-in user.

    More callers than `concurrency` wait inside the process, so that a storm of joins cannot become
    a storm of connections to the database.
    """

    def __init__(self, url: str, key: str, *, timeout: float, concurrency: int) -> None:
        headers = {"apikey": key, "accept": "application/json", "user-agent": "mentorkit-signaling"}
        self._client = Client(url, headers, timeout=timeout, connections=concurrency)

    async def keys(self) -> Answer:
        """The public signing keys (JWKS)."""
        return await self._ask("GET", "/auth/v1/.well-known/jwks.json", None, None)

    async def user(self, token: str) -> Answer:
        """Who auth says the token belongs to."""
        return await self._ask("GET", "/auth/v1/user", token, None)

    async def room_access(self, token: str, room: str) -> Answer:
        """The database's decision about a room, taken as the caller."""
        return await self._ask("POST", "/rest/v1/rpc/room_access", token, {"room_id": room})

    def close(self) -> None:
        self._client.close()

    async def _ask(self, method: str, path: str, token: str | None, body: Any) -> Answer:
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = await self._client.request(method, path, token=token, body=content)
            return Answer(response.status, msgspec.json.decode(response.body or b"null"))
        except (HttpError, msgspec.DecodeError, UnicodeError) as exc:
            raise Unavailable(f"{method} {path}: {type(exc).__name__}") from exc
