"""Calls to the database through Supabase's Data API: as the service for timed work, else as the
caller."""

import json
import re
from typing import Any, Self

import httpx

from functions.errors import Refused
from functions.settings import Settings

_OUR_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_TOKEN_CODES = {"PGRST301", "PGRST302", "PGRST303"}


class Supabase:
    """One project. Refusals of the database come as `Refused` with the database's own code."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """With connections of its own; `aclose` them."""
        return cls(settings, httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5)))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def as_service(self, function: str, **arguments: Any) -> Any:
        """The answer of a function that only the service key may call."""
        key = self._settings.secret_key
        return await self._rpc(function, arguments, key, key)

    async def as_caller(self, token: str, function: str, **arguments: Any) -> Any:
        """The answer a signed-in person gets; the database checks the token."""
        return await self._rpc(function, arguments, self._settings.publishable_key, token)

    async def _rpc(self, function: str, arguments: dict[str, Any], key: str, token: str) -> Any:
        try:
            answer = await self._http.post(
                f"{self._settings.supabase_url}/rest/v1/rpc/{function}",
                content=json.dumps(arguments).encode(),
                headers={
                    "apikey": key,
                    "authorization": f"Bearer {token}",
                    "content-type": "application/json",
                },
            )
        except httpx.TransportError as exc:
            raise Refused("database_unavailable") from exc
        if answer.is_success:
            return answer.json() if answer.content else None
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Refused:
    try:
        body = answer.json()
        code, message = str(body["code"]), str(body["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", ""
    if _OUR_CODE.fullmatch(code) and 400 <= answer.status_code < 500:
        return Refused(code, message, answer.status_code)
    if code in _TOKEN_CODES or answer.status_code == 401:
        return Refused("not_signed_in")
    if answer.status_code == 403:
        return Refused("not_allowed", "This is not yours to do.", 403)
    if code.startswith(("22", "23")):
        return Refused("bad_body", "The database does not take these values.")
    return Refused("database_unavailable")
