"""POST /token: a session for a password, or the next one for a refresh token."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.gateway.auth import sessions, store
from local.gateway.auth.core import Auth, client_of, json_body, text
from local.gateway.auth.faults import Fault, invalid_credentials, validation

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


async def token(auth: Auth, request: Request) -> Response:
    grant_type = request.query_params.get("grant_type", "")
    match grant_type:
        case "password":
            return await _by_password(auth, request)
        case "refresh_token":
            return await _by_refresh_token(auth, request)
        case "id_token" | "pkce" | "web3":
            message = f"The embedded Supabase has no grant_type {grant_type}: only passwords"
            raise Fault(400, "provider_disabled", message)
        case _:
            raise validation("unsupported_grant_type")


async def _by_password(auth: Auth, request: Request) -> Response:
    body = await json_body(request)
    # No check of the address's form: what nobody signed up with is simply not found.
    email = text(body, "email").strip().lower()
    password = text(body, "password")
    if not email:
        if text(body, "phone"):
            raise Fault(422, "phone_provider_disabled", "Phone logins are disabled")
        raise validation("missing email or phone")
    async with auth.pool.connection() as conn:
        user = await store.user_by_email(conn, email)
    matches = await auth.passwords.matches(password, user.encrypted_password if user else None)
    if user is None or not matches:
        raise invalid_credentials()
    at = auth.now()
    if user.is_banned(at):
        raise Fault(400, "user_banned", "User is banned")
    if user.email_confirmed_at is None:
        raise Fault(400, "email_not_confirmed", "Email not confirmed")
    async with auth.transaction() as conn:
        await store.update_user(conn, user.id, {"last_sign_in_at": at}, at=at)
        signed_in = await store.user_by_id(conn, user.id)
        if signed_in is None:
            raise invalid_credentials()
        grant = await sessions.open_session(conn, user.id, client_of(request), at=at)
    session = auth.session(signed_in, grant)
    weakness = auth.passwords.weakness(password)
    if weakness is not None:
        # Good enough when it was chosen; the policy has become stricter since.
        session["weak_password"] = {"message": weakness.message, **weakness.more["weak_password"]}
    return JSONResponse(session, headers=NO_STORE)


async def _by_refresh_token(auth: Auth, request: Request) -> Response:
    given = text(await json_body(request), "refresh_token")
    if not given:
        raise validation("refresh_token required")
    at = auth.now()
    async with auth.transaction() as conn:
        renewed = await sessions.renew(
            conn, given, reuse=timedelta(seconds=auth.settings.refresh_reuse_seconds), at=at
        )
        user = None if isinstance(renewed, Fault) else await store.user_by_id(conn, renewed.user_id)
        if user is not None and user.is_banned(at):
            # Raised inside, so that the token is not used up.
            raise Fault(400, "user_banned", "Invalid Refresh Token: User Banned")
    if isinstance(renewed, Fault):
        raise renewed
    if user is None:
        raise Fault(400, "user_not_found", "Invalid Refresh Token: User Not Found")
    return JSONResponse(auth.session(user, renewed), headers=NO_STORE)
