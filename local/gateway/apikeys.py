"""Which role an API key stands for, and what hosted Supabase answers to a missing or wrong one."""

import hmac
from collections.abc import Iterable
from typing import Literal
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from local.keys import Keys

Role = Literal["anon", "service_role"]

NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
WRONG_KEY = {
    "message": "Invalid API key",
    "hint": "Double check your Supabase `anon` or `service_role` API key.",
}
SECRET_IN_BROWSER = {
    "message": "Forbidden use of secret API key in browser",
    "hint": "Secret API keys belong on servers. Replace this key: a browser has seen it.",
}


class ApiKeys:
    """The four keys of a project: two opaque ones, two legacy ones that are JWTs themselves."""

    def __init__(self, keys: Keys) -> None:
        self._roles: tuple[tuple[bytes, Role], ...] = (
            (keys.publishable.encode(), "anon"),
            (keys.secret.encode(), "service_role"),
            (keys.anon_key.encode(), "anon"),
            (keys.service_role_key.encode(), "service_role"),
        )
        self._secret = keys.secret.encode()

    def role_of(self, key: bytes) -> Role | None:
        """The role of a key of this project, None for anything else."""
        for known, role in self._roles:
            if hmac.compare_digest(known, key):
                return role
        return None

    def admit(self, scope: Scope) -> tuple[bytes, Role] | Response:
        """The key and role a request comes with, or the answer that turns it away.

        The key is looked for in the `apikey` header, then in the query, as on hosted.
        """
        key = header(scope["headers"], b"apikey") or _key_in_query(scope["query_string"])
        if not key:
            return JSONResponse(NO_KEY, 401)
        role = self.role_of(key)
        if role is None:
            return JSONResponse(WRONG_KEY, 401)
        if key == self._secret and _is_browser(scope["headers"]):
            return JSONResponse(SECRET_IN_BROWSER, 401)
        return key, role


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first value of a header of an ASGI scope; `name` in lower case."""
    for key, value in headers:
        if key == name:
            return value
    return None


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The token of an `Authorization: Bearer` header."""
    value = header(headers, b"authorization")
    if value is None or value[:7].lower() != b"bearer ":
        return None
    return value[7:].strip()


def without_key(query: bytes) -> bytes:
    """A query string without its `apikey`, which PostgREST would take for a column filter."""
    if b"apikey=" not in query:
        return query
    return b"&".join(part for part in query.split(b"&") if not part.startswith(b"apikey="))


def _key_in_query(query: bytes) -> bytes | None:
    if b"apikey=" not in query:
        return None
    for name, value in parse_qsl(query):
        if name == b"apikey":
            return value
    return None


def _is_browser(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    agent = header(headers, b"user-agent")
    return agent is not None and agent.startswith(b"Mozilla/")
