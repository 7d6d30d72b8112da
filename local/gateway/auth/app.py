"""The auth service as one ASGI application, and the resources it holds while it runs."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.gateway.apikeys import ApiKeys
from local.gateway.auth import account, admin, refused, store
from local.gateway.auth.core import Auth
from local.gateway.auth.faults import Fault, answer, unexpected
from local.gateway.auth.grants import token
from local.gateway.auth.limits import Limit
from local.gateway.auth.passwords import Passwords
from local.gateway.auth.signup import sign_up
from local.gateway.auth.store import Connection
from local.gateway.settings import GatewaySettings
from local.gateway.tokens import Tokens

log = logging.getLogger(__name__)

Call = Callable[[Auth, Request], Awaitable[Response]]

# Browsers come to these by a link, and verifiers of tokens have no key.
OPEN_PATHS = ("/.well-known/jwks.json", "/verify", "/callback", "/authorize")
JWKS_CACHE = "public, max-age=600"


@asynccontextmanager
async def running_auth(
    settings: GatewaySettings,
    keys: ApiKeys,
    tokens: Tokens,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Auth]:
    """The auth service with its database connections open."""
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        settings.database_url,
        min_size=1,
        max_size=8,
        timeout=settings.database_patience_seconds,
        open=False,
        configure=_become_auth_admin,
        check=AsyncConnectionPool.check_connection,
        kwargs={"autocommit": True, "application_name": "gateway auth"},
    )
    passwords = Passwords(settings.password_min_length)
    async with pool:
        yield Auth(
            settings=settings,
            keys=keys,
            tokens=tokens,
            passwords=passwords,
            pool=pool,
            limit=Limit(settings.attempts_per_minute, clock),
            clock=clock,
        )
    passwords.close()


def create_auth(auth: Callable[[], Auth]) -> Starlette:
    """Routes below /auth/v1; `auth` gives the running service."""

    def call(work: Call) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            service = auth()
            admitted = service.keys.admit(request.scope)
            if isinstance(admitted, Response):
                return admitted
            request.state.key, request.state.role = admitted
            return await work(service, request)

        return endpoint

    async def jwks(request: Request) -> Response:
        settings = auth().settings
        # A project that signs with its shared secret has nothing to show.
        shown = settings.keys.jwks_public() if settings.signing == "ES256" else {"keys": []}
        return JSONResponse(shown, headers={"cache-control": JWKS_CACHE})

    return Starlette(
        routes=[
            Route("/.well-known/jwks.json", jwks, methods=["GET"]),
            Route("/signup", call(_limited(sign_up)), methods=["POST"]),
            Route("/token", call(_limited(token)), methods=["POST"]),
            Route("/user", call(account.get_user), methods=["GET"]),
            Route("/user", call(account.update_user), methods=["PUT"]),
            Route("/logout", call(account.log_out), methods=["POST"]),
            Route("/settings", call(_settings), methods=["GET"]),
            Route("/health", call(_health), methods=["GET"]),
            Route("/admin/users", call(admin.list_users), methods=["GET"]),
            Route("/admin/users", call(admin.create_user), methods=["POST"]),
            Route("/admin/users/{user_id}", call(admin.get_user), methods=["GET"]),
            Route("/admin/users/{user_id}", call(admin.update_user), methods=["PUT"]),
            Route("/admin/users/{user_id}", call(admin.delete_user), methods=["DELETE"]),
            *refused.routes(),
            Route("/{rest:path}", _unknown, methods=refused.ANY),
        ],
        exception_handlers={
            Fault: _fault,
            psycopg.Error: _database_failed,
            PoolTimeout: _database_failed,
            Exception: _unexpected,
        },
    )


def _limited(work: Call) -> Call:
    async def counted(auth: Auth, request: Request) -> Response:
        auth.limit.count(request.client.host if request.client else "")
        return await work(auth, request)

    return counted


async def _settings(auth: Auth, request: Request) -> Response:
    return JSONResponse(
        {
            "external": {"email": True, "phone": False, "anonymous_users": False},
            "disable_signup": not auth.settings.signups_enabled,
            "mailer_autoconfirm": auth.settings.autoconfirm,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
        }
    )


async def _health(auth: Auth, request: Request) -> Response:
    async with auth.pool.connection() as conn:
        await conn.execute("select 1")
    return JSONResponse(
        {
            "version": "mentorkit",
            "name": "GoTrue",
            "description": "GoTrue is a user registration and authentication API",
        }
    )


async def _unknown(request: Request) -> Response:
    return answer(request, Fault(404, "not_found", f"No auth call {request.url.path}"))


async def _fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    return answer(request, error)


async def _database_failed(request: Request, error: Exception) -> Response:
    if not isinstance(error, psycopg.Error) or store.connection_lost(error):
        log.warning("auth has no database: %s", type(error).__name__)
        return answer(request, Fault(503, "unexpected_failure", "The database is not reachable"))
    # No detail line: it may quote a row.
    log.error("auth failed: %s %s", error.sqlstate, error.diag.message_primary)
    return answer(request, unexpected())


async def _unexpected(request: Request, error: Exception) -> Response:
    return answer(request, unexpected())


async def _become_auth_admin(conn: Connection) -> None:
    # The detail of a refused row quotes it, address and password hash and all: keep it out of
    # the server's log. Only a superuser may ask for that, so it comes before the role.
    await conn.execute("set log_error_verbosity = terse")
    await conn.execute("set role supabase_auth_admin")
    await conn.execute("set search_path = auth")
