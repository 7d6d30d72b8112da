"""What every auth call works with: settings, database, clock, and who is asking."""

import ipaddress
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from local.gateway.apikeys import ApiKeys, Role, bearer
from local.gateway.auth import sessions, store
from local.gateway.auth.faults import Fault, bad_jwt, no_authorization, validation
from local.gateway.auth.limits import Limit
from local.gateway.auth.passwords import Passwords
from local.gateway.auth.sessions import Client, Grant
from local.gateway.auth.store import Connection
from local.gateway.auth.users import Json, User
from local.gateway.settings import GatewaySettings
from local.gateway.tokens import BadToken, Tokens


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A signed-in user and the session the access token belongs to."""

    user: User
    session_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Auth:
    """The parts one auth service is made of."""

    settings: GatewaySettings
    keys: ApiKeys
    tokens: Tokens
    passwords: Passwords
    pool: AsyncConnectionPool[Connection]
    limit: Limit
    clock: Callable[[], float]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self.pool.connection() as conn, conn.transaction():
            yield conn

    def claims(self, request: Request) -> Json:
        """The claims of the bearer token, verified; raises Fault when there is none or a bad one.

        An opaque key as bearer, or a secret one without any bearer, counts as its role, as if the
        platform's gateway had put a token in its place.
        """
        token = bearer(request.scope["headers"])
        role: Role = request.state.role
        if token is None:
            if role == "service_role":
                return {"role": role}
            raise no_authorization()
        if token == request.state.key and token.count(b".") != 2:
            return {"role": role}
        try:
            return self.tokens.verify(token.decode("latin-1"))
        except BadToken as error:
            raise bad_jwt(str(error)) from error

    async def caller(self, conn: Connection, request: Request) -> Caller:
        """Who is signed in; raises Fault when the user or the session is gone."""
        claims = self.claims(request)
        user_id = _uuid_claim(claims, "sub")
        if user_id is None:
            raise Fault(403, "bad_jwt", "invalid claim: missing sub claim")
        user = await store.user_by_id(conn, user_id)
        if user is None or user.deleted_at is not None:
            raise Fault(403, "user_not_found", "User from sub claim in JWT does not exist")
        session_id = _uuid_claim(claims, "session_id")
        if session_id is not None and not await sessions.session_exists(conn, session_id):
            message = "Session from session_id claim in JWT does not exist"
            raise Fault(403, "session_not_found", message)
        return Caller(user=user, session_id=session_id)

    def require_admin(self, request: Request) -> None:
        """Let service keys pass only."""
        if self.claims(request).get("role") not in ("service_role", "supabase_admin"):
            raise Fault(403, "not_admin", "User not allowed")

    def session(self, user: User, grant: Grant) -> Json:
        """The answer that carries a session: a signed access token, its renewal, the user."""
        now = int(self.clock())
        expires = now + self.settings.jwt_expiry_seconds
        claims = {
            "iss": self.settings.issuer,
            "sub": str(user.id),
            "aud": user.aud or "authenticated",
            "exp": expires,
            "iat": now,
            "email": user.email or "",
            "phone": user.phone,
            "app_metadata": user.raw_app_meta_data or {},
            "user_metadata": user.raw_user_meta_data or {},
            "role": user.role or "authenticated",
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": int(grant.started_at.timestamp())}],
            "session_id": str(grant.session_id),
            "is_anonymous": user.is_anonymous,
        }
        return {
            "access_token": self.tokens.sign(claims),
            "token_type": "bearer",
            "expires_in": self.settings.jwt_expiry_seconds,
            "expires_at": expires,
            "refresh_token": grant.refresh_token,
            "user": user.shown(),
        }


async def json_body(request: Request) -> Json:
    """The JSON object of a request; an empty body is an empty object."""
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        body: Any = json.loads(raw, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise Fault(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(body, dict):
        raise Fault(400, "bad_json", "Could not parse request body as JSON: an object is expected")
    return body


def text(body: Json, name: str) -> str:
    """A member that is text; missing and null count as empty."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Fault(400, "bad_json", f"Could not parse request body as JSON: {name} must be text")
    _storable(name, value)
    return value


def mapping(body: Json, name: str) -> Json:
    """A member that is an object; missing and null count as empty."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"Could not parse request body as JSON: {name} must be an object"
        raise Fault(400, "bad_json", message)
    _storable(name, json.dumps(value, ensure_ascii=False))
    return value


def email_address(given: str) -> str:
    """An address in the one spelling under which accounts are found: lower case, no blanks."""
    address = given.strip().lower()
    local, at, domain = address.rpartition("@")
    well_formed = (
        at
        and local
        and len(address) <= 255
        and "@" not in local
        and not any(letter.isspace() or ord(letter) < 32 for letter in address)
        and domain
        and all(domain.split("."))
    )
    if not well_formed:
        raise validation("Unable to validate email address: invalid format")
    return address


def client_of(request: Request) -> Client:
    address: str | None = request.client.host if request.client else None
    if address is not None:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            address = None
    agent = request.headers.get("user-agent")
    return Client(agent.replace("\x00", "") if agent else None, address)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _storable(name: str, value: str) -> None:
    """Refuse text that PostgreSQL cannot hold: null characters and halves of surrogate pairs."""
    if "\x00" in value or "\\u0000" in value:
        raise validation(f"{name} must not hold a null character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise validation(f"{name} must be valid Unicode") from error


def _uuid_claim(claims: Json, name: str) -> UUID | None:
    value = claims.get(name)
    if not value:
        return None
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Fault(403, "bad_jwt", f"invalid claim: {name} claim must be a UUID") from error
