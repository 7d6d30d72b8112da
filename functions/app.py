"""The functions as one ASGI app."""

import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions import answer, calendar_feed, subscriptions, timed_work, unsubscribe
from functions.addresses import Outbound
from functions.context import Clock, Context, system_clock
from functions.deliver import Deliverer
from functions.endpoint import Answer, Endpoint
from functions.errors import Refused
from functions.links import Signer
from functions.mail import MailSender
from functions.mail_api import ApiPostbox
from functions.mail_smtp import SmtpPostbox
from functions.openapi import document
from functions.push import PushSender
from functions.senders import Postbox, Sender
from functions.settings import Settings
from functions.supabase import Supabase
from functions.webhooks import WebhookSender

log = logging.getLogger("mentorkit.functions")

MODULES: tuple[Callable[[Context], list[Endpoint]], ...] = (
    timed_work.endpoints,
    calendar_feed.endpoints,
    answer.endpoints,
    unsubscribe.endpoints,
    subscriptions.endpoints,
)


def create_app(
    settings: Settings, *, clock: Clock = system_clock, outbound: Outbound | None = None
) -> Starlette:
    """The app of one deployment. Nothing is opened before the first request needs it."""
    context = create_context(settings, clock=clock, outbound=outbound)
    endpoints = _all_endpoints(context)
    described = document(endpoints, settings.public_url)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await context.aclose()

    async def openapi(request: Request) -> Response:
        return JSONResponse(described)

    app = Starlette(
        routes=[
            *(Route(e.path, e.handler, methods=[e.method], name=e.name) for e in endpoints),
            Route("/openapi.json", openapi),
        ],
        middleware=[
            # Browsers of any origin may call; no cookie is ever read.
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "apikey", "x-client-info"],
                max_age=3600,
            )
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _http_error,
            Exception: _unexpected,
        },
        lifespan=lifespan,
    )
    app.state.context = context
    return app


def app_from(env: Mapping[str, str]) -> Starlette:
    """The app for settings that are named as environment variables."""
    return create_app(Settings.from_mapping(env))


def create_context(
    settings: Settings, *, clock: Clock = system_clock, outbound: Outbound | None = None
) -> Context:
    """What the app is made of; a program without HTTP (a worker, a scheduled Lambda) uses it
    too."""
    outbound = outbound or Outbound(allow_private=settings.allow_private_targets)
    supabase = Supabase.open(settings)
    timeout = settings.send_timeout.total_seconds()
    senders: dict[str, Sender] = {"webhook": WebhookSender(outbound, clock, timeout=timeout)}
    postbox = _postbox(settings)
    if postbox is not None:
        senders["mail"] = MailSender(settings, postbox, clock)
    if settings.vapid_private_key:
        senders["push"] = PushSender(settings, outbound, clock)
    return Context(
        settings=settings,
        supabase=supabase,
        senders=senders,
        deliverer=Deliverer(settings, supabase, senders, clock, random.Random()),
        outbound=outbound,
        signer=Signer(settings.signing_key),
        clock=clock,
    )


def described() -> list[Endpoint]:
    """The endpoints for their description alone; nothing can be called."""
    nowhere = Settings(
        supabase_url="http://127.0.0.1:1",
        secret_key="",
        publishable_key="",
        public_url="http://127.0.0.1:1",
        signing_key="-" * 32,
        timed_work_secret="-" * 16,
    )
    return _all_endpoints(create_context(nowhere))


def _postbox(settings: Settings) -> Postbox | None:
    timeout = settings.send_timeout.total_seconds()
    if settings.mail_api_url:
        return ApiPostbox(settings.mail_api_url, settings.mail_api_key, timeout=timeout)
    if settings.smtp_url:
        return SmtpPostbox(settings.smtp_url, settings.mail_from, timeout=timeout)
    return None


def _all_endpoints(context: Context) -> list[Endpoint]:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    alive = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
    return [
        Endpoint(
            "GET", "/health", "health", "Whether the app runs; asks nobody else",
            health, {200: Answer("It runs", schema=alive)},
        ),
        *(endpoint for module in MODULES for endpoint in module(context)),
    ]  # fmt: skip


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)
    return JSONResponse({"code": exc.code, "message": exc.message}, exc.status)


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    refused = Refused(codes.get(exc.status_code, "bad_path"), status=exc.status_code)
    return JSONResponse(
        {"code": refused.code, "message": refused.message}, exc.status_code, headers=exc.headers
    )


async def _unexpected(request: Request, exc: Exception) -> Response:
    # The path may hold a secret token, so only the route's name is logged.
    log.error("unexpected failure", exc_info=exc)
    refused = Refused("unexpected")
    return JSONResponse({"code": refused.code, "message": refused.message}, refused.status)
