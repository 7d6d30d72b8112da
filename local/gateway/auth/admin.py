"""/admin/users: accounts, managed with a service key."""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import errors
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.gateway.auth import sessions, store
from local.gateway.auth.core import Auth, email_address, json_body, mapping, text
from local.gateway.auth.faults import Fault, email_exists, unexpected, validation
from local.gateway.auth.signup import saving_failed
from local.gateway.auth.users import Json, User, merged

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 1000
FOREVER = timedelta(days=365 * 1000)

DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


async def create_user(auth: Auth, request: Request) -> Response:
    auth.require_admin(request)
    body = await json_body(request)
    if not text(body, "email"):
        raise validation("Cannot create a user without either an email or phone")
    email = email_address(text(body, "email"))
    at = auth.now()
    user_id = _given_id(body)
    app_metadata = {
        "provider": "email",
        "providers": ["email"],
        **mapping(body, "app_metadata"),
    }
    confirmed = bool(body.get("email_confirm"))
    user_metadata = mapping(body, "user_metadata")
    if confirmed:
        user_metadata = {"email_verified": True, **user_metadata}
    banned_until = _ban(text(body, "ban_duration"), at) if "ban_duration" in body else None
    hashed = await _hash(auth, body)
    try:
        async with auth.transaction() as conn:
            if await store.user_by_email(conn, email) is not None:
                raise email_exists()
            await store.insert_user(
                conn,
                user_id=user_id,
                email=email,
                hashed=hashed,
                role=_role(body) or "authenticated",
                app_metadata=app_metadata,
                user_metadata=user_metadata,
                confirmed_at=at if confirmed else None,
                banned_until=banned_until,
                at=at,
            )
            user = await store.user_by_id(conn, user_id)
    except errors.UniqueViolation as error:
        match error.diag.constraint_name:
            case store.EMAIL_TAKEN:
                raise email_exists() from error
            case store.ID_TAKEN:
                message = "A user with this id has already been registered"
                raise Fault(422, "user_already_exists", message) from error
        raise saving_failed(error) from error
    except psycopg.Error as error:
        if store.connection_lost(error):
            raise
        raise saving_failed(error) from error
    if user is None:
        raise unexpected()
    return JSONResponse(user.shown())


async def list_users(auth: Auth, request: Request) -> Response:
    """One page; X-Total-Count says how many there are, Link where the next and last pages are."""
    auth.require_admin(request)
    page = _page_number(request, "page", 1)
    per_page = min(_page_number(request, "per_page", DEFAULT_PER_PAGE), MAX_PER_PAGE)
    async with auth.pool.connection() as conn:
        users, total = await store.list_users(conn, limit=per_page, offset=(page - 1) * per_page)
    last = max(1, -(-total // per_page))
    links = []
    if page < last:
        links.append(f'<{_page_url(page + 1, per_page)}>; rel="next"')
    links.append(f'<{_page_url(last, per_page)}>; rel="last"')
    return JSONResponse(
        {"users": [user.shown() for user in users], "aud": "authenticated"},
        headers={"x-total-count": str(total), "link": ", ".join(links)},
    )


async def get_user(auth: Auth, request: Request) -> Response:
    auth.require_admin(request)
    async with auth.pool.connection() as conn:
        user = await store.user_by_id(conn, _path_id(request))
    if user is None:
        raise _not_found()
    return JSONResponse(user.shown())


async def update_user(auth: Auth, request: Request) -> Response:
    auth.require_admin(request)
    user_id = _path_id(request)
    body = await json_body(request)
    async with auth.pool.connection() as conn:
        user = await store.user_by_id(conn, user_id)
    if user is None:
        raise _not_found()
    at = auth.now()
    changes = _changes(body, user, at)
    if text(body, "password") or text(body, "password_hash"):
        changes["encrypted_password"] = await _hash(auth, body)
    try:
        async with auth.transaction() as conn:
            if "email" in changes:
                await store.update_email_identity(
                    conn, user_id, changes["email"], verified=True, at=at
                )
            if changes:
                await store.update_user(conn, user_id, changes, at=at)
            updated = await store.user_by_id(conn, user_id)
    except errors.UniqueViolation as error:
        if error.diag.constraint_name != store.EMAIL_TAKEN:
            raise
        raise email_exists() from error
    if updated is None:
        raise _not_found()
    return JSONResponse(updated.shown())


async def delete_user(auth: Auth, request: Request) -> Response:
    """Remove an account with all that refers to it, or blank it when a soft delete is asked for."""
    auth.require_admin(request)
    user_id = _path_id(request)
    body = await json_body(request)
    async with auth.transaction() as conn:
        user = await store.user_by_id(conn, user_id)
        if user is None:
            raise _not_found()
        if body.get("should_soft_delete"):
            if user.deleted_at is None:
                await sessions.end_sessions(conn, user_id)
                await store.blank_user(conn, user_id, alias=_alias(user.email or ""), at=auth.now())
        else:
            await store.delete_user(conn, user_id)
    return JSONResponse({})


def _changes(body: Json, user: User, at: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if text(body, "phone"):
        raise Fault(422, "phone_provider_disabled", "The embedded Supabase knows no phone numbers")
    if _role(body):
        changes["role"] = _role(body)
    if text(body, "email"):
        changes["email"] = email_address(text(body, "email"))
        changes["email_change"] = ""
    if body.get("email_confirm") and user.email_confirmed_at is None:
        changes["email_confirmed_at"] = at
    for given, column, known in (
        ("app_metadata", "raw_app_meta_data", user.raw_app_meta_data),
        ("user_metadata", "raw_user_meta_data", user.raw_user_meta_data),
    ):
        if mapping(body, given):
            changes[column] = merged(known, mapping(body, given))
    if text(body, "ban_duration"):
        changes["banned_until"] = _ban(text(body, "ban_duration"), at)
    return changes


async def _hash(auth: Auth, body: Json) -> str:
    """The hash to store: of the given password, as given, or of one that nobody knows."""
    given = text(body, "password_hash")
    password = text(body, "password")
    if given and password:
        raise validation("Only a password or a password hash should be provided")
    if given:
        if not re.fullmatch(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}", given):
            raise validation("The embedded Supabase takes bcrypt password hashes only")
        return given
    if password:
        auth.passwords.check_strength(password)
    return await auth.passwords.hash(password or secrets.token_urlsafe(32))


def _ban(duration: str, at: datetime) -> datetime | None:
    """Until when a ban lasts, from a duration as Go writes it, such as 24h or 1h30m."""
    if duration in ("", "none"):
        return None
    parts = DURATION_PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise validation(f"invalid format for ban duration: {duration!r}")
    seconds = sum(float(number) * SECONDS[unit] for number, unit in parts)
    return at + min(timedelta(seconds=min(seconds, FOREVER.total_seconds())), FOREVER)


def _role(body: Json) -> str:
    role = text(body, "role")
    # PostgreSQL cuts longer names, and the claim has to be the name of a role.
    if len(role.encode()) > 63:
        raise validation("role must not be longer than 63 bytes")
    return role


def _given_id(body: Json) -> UUID:
    given = text(body, "id")
    if not given:
        return uuid4()
    try:
        return UUID(given)
    except ValueError as error:
        raise validation("ID must conform to the uuid v4 format") from error


def _path_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["user_id"])
    except ValueError as error:
        raise Fault(404, "validation_failed", "user_id must be an UUID") from error


def _page_number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    if not given:
        return default
    # No sane page number has more digits, and the database's offset has an end.
    if not given.isdecimal() or len(given) > 9:
        raise validation(f"Bad Pagination Parameters: {name} must be a number")
    return int(given) or default


def _page_url(page: int, per_page: int) -> str:
    return f"/admin/users?page={page}&per_page={per_page}"


def _alias(email: str) -> str:
    return sha256(email.encode()).hexdigest()


def _not_found() -> Fault:
    return Fault(404, "user_not_found", "User not found")
