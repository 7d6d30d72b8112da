"""Whose access token this is: verified here by the project's public keys, or by auth itself.

A project that signs with ES256 or RS256 publishes its keys. One that still signs with HS256
publishes none, and a token of that kind is only ever shown to auth: no secret is known here, so
none can be confused with a public key.
"""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import msgspec

from signaling_server import payloads
from signaling_server.errors import Refused
from signaling_server.settings import Settings
from signaling_server.supabase import Supabase, Unavailable

MAX_TOKEN = 8192
LEEWAY = 5  # for clocks that are behind auth's; nobody is let in on a token that has expired
_ASYMMETRIC = ("ES256", "RS256")
_REQUIRED = ("exp", "sub", "aud", "iss")


class _Header(msgspec.Struct):
    alg: str
    kid: str = ""


_read_header = msgspec.json.Decoder(_Header).decode


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified person, for as long as the token says."""

    user: str
    token: str
    expires_at: float


class Verifier:
    """Checks access tokens. `clock` is wall time in seconds."""

    def __init__(self, settings: Settings, supabase: Supabase, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._supabase = supabase
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def verify(self, token: str) -> Caller:
        """Who is calling; raises Refused with `unauthorized`, or `unavailable` when nobody can
        tell.
        """
        if not token or len(token) > MAX_TOKEN:
            raise Refused("unauthorized")
        header = _header(token)
        if header.alg in _ASYMMETRIC:
            key = await self._key(header.kid)
            if key is None or key.algorithm_name != header.alg:
                raise Refused("unauthorized")
            return self._caller(token, self._decode(token, key=key.key, algorithms=[header.alg]))
        if header.alg == "HS256":
            return await self._ask_auth(token)
        raise Refused("unauthorized")

    async def ready(self) -> bool:
        """Whether auth's keys are known or can be fetched now."""
        try:
            await self._refresh(max_age=self._settings.jwks_seconds)
        except Refused:
            return False
        return True

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        await self._refresh(max_age=self._settings.jwks_seconds)
        if kid not in self._keys:
            # Perhaps a key made since; asked at most this often, so that made-up ids cost nothing.
            await self._refresh(max_age=self._settings.jwks_retry_seconds)
        return self._keys.get(kid)

    async def _refresh(self, max_age: float) -> None:
        if self._clock() - self._fetched_at < max_age:
            return
        asked_at = self._clock()
        async with self._fetching:
            now = self._clock()
            if now - self._fetched_at < max_age:
                return
            if self._tried_at > asked_at:
                raise Refused("unavailable")  # somebody tried while this caller waited
            # Auth is asked once a second. Who comes in between waits for the next time: a server
            # that was started together with auth is not away because it was first.
            if (pause := self._tried_at + 1 - now) > 0:
                await asyncio.sleep(min(pause, 1))
            self._tried_at = self._clock()
            try:
                answer = await self._supabase.keys()
            except Unavailable as exc:
                raise Refused("unavailable") from exc
            if answer.status != 200:
                raise Refused("unavailable")
            self._keys = _usable(answer.body)
            self._fetched_at = self._clock()

    def _decode(self, token: str, **how: Any) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                audience=self._settings.jwt_audience,
                issuer=self._settings.issuer,
                leeway=LEEWAY,
                options={"require": list(_REQUIRED)} | how.pop("options", {}),
                **how,
            )
        except (jwt.PyJWTError, ValueError, TypeError) as exc:
            raise Refused("unauthorized") from exc

    async def _ask_auth(self, token: str) -> Caller:
        claims = self._decode(
            token,
            options={"verify_signature": False, "verify_exp": True, "verify_aud": True}
            | {"verify_iss": True, "verify_nbf": True, "verify_iat": True},
        )
        try:
            answer = await self._supabase.user(token)
        except Unavailable as exc:
            raise Refused("unavailable") from exc
        if answer.status in (400, 401, 403, 404):
            raise Refused("unauthorized")
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise Refused("unavailable")
        if answer.body.get("id") != claims.get("sub"):
            raise Refused("unauthorized")
        return self._caller(token, claims)

    def _caller(self, token: str, claims: dict[str, Any]) -> Caller:
        user = claims.get("sub")
        if claims.get("role") != "authenticated" or not isinstance(user, str) or not user:
            raise Refused("unauthorized")
        expires_at = float(claims["exp"])
        if expires_at <= self._clock():
            raise Refused("unauthorized")
        return Caller(user=user, token=token, expires_at=expires_at)


def _header(token: str) -> _Header:
    """What a token says about itself: enough to choose a key, which then decides."""
    try:
        part = token.partition(".")[0].encode("ascii")
        return _read_header(base64.urlsafe_b64decode(part + b"=="))
    except payloads.MALFORMED as exc:
        raise Refused("unauthorized") from exc


def _usable(document: Any) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWKS document; symmetric or unreadable ones are left out."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise Refused("unavailable")
    keys: dict[str, jwt.PyJWK] = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("kty") not in ("EC", "RSA"):
            continue
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError):
            continue
        if key.algorithm_name in _ASYMMETRIC and key.key_id:
            keys[key.key_id] = key
    return keys
