"""POST /signup."""

import logging
from uuid import UUID, uuid4

import psycopg
from psycopg import errors
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.gateway.auth import sessions, store
from local.gateway.auth.core import Auth, client_of, email_address, json_body, mapping, text
from local.gateway.auth.faults import Fault, unexpected, user_already_exists, validation
from local.gateway.auth.store import Connection
from local.gateway.auth.users import Json, User, written

log = logging.getLogger(__name__)


async def sign_up(auth: Auth, request: Request) -> Response:
    """A new account, with a session at once unless addresses have to be confirmed first."""
    body = await json_body(request)
    if not auth.settings.signups_enabled:
        raise Fault(422, "signup_disabled", "Signups not allowed for this instance")
    if text(body, "phone") and not text(body, "email"):
        raise Fault(400, "phone_provider_disabled", "Phone signups are disabled")
    if not text(body, "email") and not text(body, "password"):
        raise Fault(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    password = text(body, "password")
    if not password:
        raise validation("Signup requires a valid password")
    auth.passwords.check_strength(password)
    email = email_address(text(body, "email"))
    data = mapping(body, "data")

    async with auth.pool.connection() as conn:
        existing = await store.user_by_email(conn, email)
    if existing is not None:
        return _already(auth, email, existing)
    hashed = await auth.passwords.hash(password)
    try:
        return await _insert(auth, request, email, hashed, data)
    except errors.UniqueViolation as error:
        if error.diag.constraint_name != store.EMAIL_TAKEN:
            raise saving_failed(error) from error
        # Somebody else signed up with this address since it was looked for.
        async with auth.pool.connection() as conn:
            return _already(auth, email, await store.user_by_email(conn, email))


async def _insert(auth: Auth, request: Request, email: str, hashed: str, data: Json) -> Response:
    at = auth.now()
    user_id = uuid4()
    confirmed = auth.settings.autoconfirm
    async with auth.transaction() as conn:
        try:
            await store.insert_user(
                conn,
                user_id=user_id,
                email=email,
                hashed=hashed,
                role="authenticated",
                app_metadata={"provider": "email", "providers": ["email"]},
                user_metadata={
                    **data,
                    **store.identity_data(user_id, email, verified=confirmed),
                },
                confirmed_at=at if confirmed else None,
                at=at,
            )
        except errors.UniqueViolation:
            raise
        except psycopg.Error as error:
            if store.connection_lost(error):
                raise
            # A trigger on auth.users refused, or one of its statements did.
            raise saving_failed(error) from error
        if not confirmed:
            sent = {"confirmation_sent_at": at}
            await store.update_user(conn, user_id, sent, at=at)
            return JSONResponse((await _existing(conn, user_id)).shown())
        await store.update_user(conn, user_id, {"last_sign_in_at": at}, at=at)
        user = await _existing(conn, user_id)
        grant = await sessions.open_session(conn, user_id, client_of(request), at=at)
    return JSONResponse(auth.session(user, grant))


def saving_failed(error: psycopg.Error) -> Fault:
    """The answer to a failed write of an account; the reason is for the log only.

    The database's detail line is not logged: it may quote the row, and with it the password's hash.
    """
    log.warning("saving a user failed: %s %s", error.sqlstate, error.diag.message_primary)
    return unexpected("Database error saving new user")


def _already(auth: Auth, email: str, existing: User | None) -> Response:
    """What the second to sign up with an address is told.

    When addresses are confirmed by mail the answer must not show that the account exists: it looks
    like a new one. An account that waits for its confirmation is shown as it is.
    """
    if auth.settings.autoconfirm:
        raise user_already_exists()
    if existing is not None and existing.email_confirmed_at is None:
        return JSONResponse(existing.shown())
    now = written(auth.now())
    made_up = {
        "id": str(uuid4()),
        "aud": "authenticated",
        "role": "",
        "email": email,
        "phone": "",
        "confirmation_sent_at": now,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "identities": [],
        "created_at": now,
        "updated_at": now,
        "is_anonymous": False,
    }
    return JSONResponse(made_up)


async def _existing(conn: Connection, user_id: UUID) -> User:
    user = await store.user_by_id(conn, user_id)
    if user is None:
        raise unexpected("Database error saving new user")
    return user
