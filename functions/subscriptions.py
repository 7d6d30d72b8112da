"""`webhooks` and `push`: where programs and browsers of a signed-in person are registered.

Each acts as the caller. What the tables cannot know is checked here: whether an address may be
called at all. The same is checked again with every call, because names change where they point.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.context import Context
from functions.endpoint import OBJECT, UUID_TEXT, Answer, Endpoint, Schema
from functions.errors import Refused
from functions.push import public_key, read_key
from functions.web import bearer, fields, path_id, read_json, text

_KINDS_LIMIT = 40

_ENDPOINT: Schema = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "minLength": 1, "maxLength": 2000},
        "kinds": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 60},
        "maxItems": _KINDS_LIMIT}, "description": {"type": "string", "maxLength": 200},
    },
    "required": ["url"],
    "additionalProperties": False,
}  # fmt: skip
_BROWSER: Schema = {
    "type": "object",
    "properties": {
        "endpoint": {"type": "string", "minLength": 1, "maxLength": 2000},
        "keys": {
            "type": "object",
            "properties": {
                "p256dh": {"type": "string", "minLength": 1, "maxLength": 100},
                "auth": {"type": "string", "minLength": 1, "maxLength": 40},
            },
            "required": ["p256dh", "auth"],
            "additionalProperties": False,
        },
        "expirationTime": {"type": ["number", "null"]},
    },
    "required": ["endpoint", "keys"],
    "additionalProperties": False,
}


def endpoints(context: Context) -> list[Endpoint]:
    limit = context.settings.body_limit

    async def check(token: str, url: str) -> None:
        # Only for people with a valid token: whether a name resolves here is nobody else's to
        # learn.
        await context.supabase.as_caller(token, "schema_version")
        await context.outbound.check(url)

    async def add_webhook(request: Request) -> Response:
        token = bearer(request)
        given = fields(
            await read_json(request, limit),
            url=text(2000),
            kinds=_kinds,
            description=text(200, required=False),
        )
        await check(token, given["url"])
        made = await context.supabase.as_caller(token, "create_webhook_endpoint", **given)
        return JSONResponse(made, 201)

    async def replay(request: Request) -> Response:
        token = bearer(request)
        delivery = path_id(request, "delivery_id")
        return JSONResponse(
            await context.supabase.as_caller(token, "replay_webhook", delivery_id=delivery)
        )

    async def add_browser(request: Request) -> Response:
        token = bearer(request)
        given = fields(
            await read_json(request, limit),
            endpoint=text(2000),
            keys=_keys,
            expirationTime=lambda value: value,
        )
        await check(token, given["endpoint"])
        made = await context.supabase.as_caller(
            token, "save_push_subscription", endpoint=given["endpoint"], **given["keys"]
        )
        return JSONResponse({"id": made}, 201)

    async def push_key(request: Request) -> Response:
        if not context.settings.vapid_private_key:
            raise Refused("push_off")
        key = public_key(read_key(context.settings.vapid_private_key))
        return JSONResponse({"key": key}, headers={"cache-control": "public, max-age=3600"})

    refusals = (
        "not_signed_in", "bad_body", "body_too_large", "bad_url", "address_refused", "host_unknown",
    )  # fmt: skip
    made: Schema = {"type": "object", "properties": {"id": UUID_TEXT}, "required": ["id"]}
    return [
        Endpoint(
            "POST", "/webhooks", "add_webhook", "Register an address for webhooks of the caller",
            add_webhook,
            {201: Answer("The endpoint with its secret, shown this once", schema={
                **made,
                "properties": {"id": UUID_TEXT, "secret": {"type": "string"}},
                "required": ["id", "secret"],
            })},
            (*refusals, "too_many_endpoints"), "caller", body=_ENDPOINT, body_required=True,
        ),
        Endpoint(
            "POST", "/webhooks/deliveries/{delivery_id}/replay", "replay_webhook",
            "Send a webhook of the caller again",
            replay, {200: Answer("It waits to be sent", schema=OBJECT)},
            ("not_signed_in", "bad_path", "not_found", "delivery_under_way"), "caller",
            parameters={"delivery_id": UUID_TEXT},
        ),
        Endpoint(
            "POST", "/push", "add_browser", "Register the caller's browser for web push",
            add_browser, {201: Answer("The subscription", schema=made)},
            (*refusals, "bad_subscription", "too_many_subscriptions"), "caller",
            body=_BROWSER, body_required=True,
        ),
        Endpoint(
            "GET", "/push/key", "push_key", "The key a browser subscribes with",
            push_key,
            {200: Answer("base64url of the public key", schema={
                "type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"],
            })},
            ("push_off",),
        ),
    ]  # fmt: skip


def _kinds(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _KINDS_LIMIT:
        raise ValueError(f"must be a list of at most {_KINDS_LIMIT} texts.")
    check = text(60)
    return [check(kind) for kind in value]


def _keys(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("must be an object.")
    return fields(value, p256dh=text(100), auth=text(40))
