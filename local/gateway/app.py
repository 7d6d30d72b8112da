"""The gateway: everything a Supabase client talks to, behind one port."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from local.gateway.apikeys import ApiKeys
from local.gateway.auth.app import create_auth, running_auth
from local.gateway.auth.core import Auth
from local.gateway.cors import Cors
from local.gateway.realtime.app import create_realtime
from local.gateway.rest import RestProxy
from local.gateway.settings import GatewaySettings
from local.gateway.tokens import Tokens
from local.gateway.upstream import Upstream


def create_gateway(
    settings: GatewaySettings, *, clock: Callable[[], float] = time.time
) -> Starlette:
    """The ASGI application for a running Postgres and PostgREST.

    Its lifespan opens and closes the connections, and runs the lifespans of the parts mounted.
    """
    keys = ApiKeys(settings.keys)
    tokens = Tokens(settings, clock)
    upstream = Upstream(settings.postgrest_socket)
    rest = RestProxy(keys, tokens, upstream)
    realtime = create_realtime(settings, clock)
    functions = settings.functions or _absent("functions")
    running: list[Auth] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(upstream.close)
            running.append(
                await stack.enter_async_context(running_auth(settings, keys, tokens, clock))
            )
            stack.callback(running.clear)
            for part in (realtime, settings.functions):
                if isinstance(part, Starlette):
                    await stack.enter_async_context(part.router.lifespan_context(part))
            yield

    async def health(request: Request) -> Response:
        """Ready when the data API answers; auth has its database since start-up."""
        ready = await rest.reachable()
        return JSONResponse({"status": "ok" if ready else "starting"}, 200 if ready else 503)

    return Starlette(
        routes=[
            Mount("/rest/v1", rest),
            Mount("/auth/v1", create_auth(lambda: running[0])),
            Mount("/realtime/v1", realtime),
            Mount("/functions/v1", functions),
            Route("/health", health),
        ],
        middleware=[Middleware(Cors)],
        lifespan=lifespan,
    )


def _absent(part: str) -> ASGIApp:
    message = f"This gateway was started without {part}"
    return JSONResponse({"code": "NOT_FOUND", "message": message, "error": message}, 404)
