"""GET and PUT /user, POST /logout: what signed-in users do with their own account."""

from typing import Any

from psycopg import errors
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.gateway.auth import sessions, store
from local.gateway.auth.core import Auth, Caller, email_address, json_body, mapping, text
from local.gateway.auth.faults import Fault, email_exists, validation
from local.gateway.auth.store import Connection
from local.gateway.auth.users import Json, merged


async def get_user(auth: Auth, request: Request) -> Response:
    async with auth.pool.connection() as conn:
        caller = await auth.caller(conn, request)
    return JSONResponse(caller.user.shown())


async def update_user(auth: Auth, request: Request) -> Response:
    """Change one's own address, password or metadata; a new password ends all other sessions."""
    async with auth.pool.connection() as conn:
        caller = await auth.caller(conn, request)
    body = await json_body(request)
    if body.get("app_metadata"):
        raise Fault(403, "not_admin", "Updating app_metadata requires admin privileges")
    if text(body, "phone"):
        raise Fault(422, "phone_provider_disabled", "The embedded Supabase sends no text messages")
    changes: dict[str, Any] = {}
    password = text(body, "password")
    if password:
        changes["encrypted_password"] = await _new_password(auth, caller, password)
    data = mapping(body, "data")
    if data:
        changes["raw_user_meta_data"] = merged(caller.user.raw_user_meta_data, data)
    try:
        async with auth.transaction() as conn:
            at = auth.now()
            await _change_email(auth, conn, caller, body, changes)
            if changes:
                await store.update_user(conn, caller.user.id, changes, at=at)
            if password:
                await sessions.end_sessions(conn, caller.user.id, all_but=caller.session_id)
            updated = await store.user_by_id(conn, caller.user.id)
    except errors.UniqueViolation as error:
        if error.diag.constraint_name != store.EMAIL_TAKEN:
            raise
        raise email_exists() from error
    return JSONResponse((updated or caller.user).shown())


async def log_out(auth: Auth, request: Request) -> Response:
    """End sessions; access tokens of an ended session are refused by /user from then on."""
    scope = request.query_params.get("scope") or "global"
    if scope not in ("global", "local", "others"):
        raise validation(f'Unsupported logout scope "{scope}"')
    async with auth.transaction() as conn:
        caller = await auth.caller(conn, request)
        this = caller.session_id
        if scope == "global" or this is None:
            await sessions.end_sessions(conn, caller.user.id)
        elif scope == "local":
            await sessions.end_sessions(conn, caller.user.id, only=this)
        else:
            await sessions.end_sessions(conn, caller.user.id, all_but=this)
    return Response(status_code=204)


async def _new_password(auth: Auth, caller: Caller, password: str) -> str:
    auth.passwords.check_strength(password)
    if await auth.passwords.matches(password, caller.user.encrypted_password):
        message = "New password should be different from the old password."
        raise Fault(422, "same_password", message)
    return await auth.passwords.hash(password)


async def _change_email(
    auth: Auth, conn: Connection, caller: Caller, body: Json, changes: dict[str, Any]
) -> None:
    """Take a new address over at once, or note it as waiting when addresses must be confirmed."""
    given = text(body, "email")
    if not given:
        return
    email = email_address(given)
    if email == caller.user.email:
        return
    if await store.user_by_email(conn, email) is not None:
        raise email_exists()
    at = auth.now()
    if not auth.settings.autoconfirm:
        changes.update(email_change=email, email_change_sent_at=at)
        return
    changes.update(email=email, email_change="", email_confirmed_at=at)
    known: Json = changes.get("raw_user_meta_data", caller.user.raw_user_meta_data) or {}
    changes["raw_user_meta_data"] = {**known, "email": email, "email_verified": True}
    await store.update_email_identity(conn, caller.user.id, email, verified=True, at=at)
