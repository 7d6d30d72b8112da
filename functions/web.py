"""What every function does with a request: read its body within bounds, see who asks, answer."""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import ClientDisconnect, Request

from functions.errors import Refused

# PostgREST gets the token as it is: only what a header can hold may pass.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
FORM_FIELDS = 20


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, refused as soon as it is longer than `limit`."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > limit:
        raise Refused("body_too_large")
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise Refused("body_too_large")
    except ClientDisconnect as exc:
        raise Refused("bad_body") from exc
    return bytes(body)


async def read_json(request: Request, limit: int) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    body = await read_body(request, limit)
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Refused("bad_body", "The body is not JSON.") from exc
    if not isinstance(found, dict):
        raise Refused("bad_body", "The body is not a JSON object.")
    return found


async def read_form(request: Request, limit: int) -> dict[str, str]:
    """The body as an HTML form sends it."""
    body = await read_body(request, limit)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=FORM_FIELDS,
            errors="strict",
        )
    except ValueError as exc:
        raise Refused("bad_body", "The body is not a form.") from exc
    return dict(pairs)


def fields(given: Mapping[str, Any], **checks: Callable[[Any], Any]) -> dict[str, Any]:
    """The named fields, each put through its check; other fields are refused.

    A check gets None for a missing field and raises ValueError for what it does not take.
    """
    unknown = sorted(set(given) - set(checks))
    if unknown:
        raise Refused("bad_body", f"Unknown field: {unknown[0][:60]}")
    taken = {}
    for name, check in checks.items():
        try:
            taken[name] = check(given.get(name))
        except (ValueError, TypeError) as exc:
            raise Refused("bad_body", f"The field {name} {exc}") from exc
    return taken


def text(limit: int, *, required: bool = True) -> Callable[[Any], str]:
    """A check for a string of at most `limit` characters."""

    def check(value: Any) -> str:
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            raise ValueError("must be a text.")
        if len(value) > limit:
            raise ValueError(f"has at most {limit} characters.")
        if "\x00" in value or (not value.isprintable() and "\n" not in value):
            raise ValueError("has characters that cannot be printed.")
        return value

    return check


def whole_number(least: int, most: int) -> Callable[[Any], int | None]:
    """A check for an optional whole number."""

    def check(value: Any) -> int | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}.")
        return value

    return check


def path_id(request: Request, name: str) -> str:
    """An id in the path."""
    try:
        return str(UUID(request.path_params[name]))
    except ValueError as exc:
        raise Refused("bad_path") from exc


def bearer(request: Request) -> str:
    """The caller's access token; refused when there is none. The database checks it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token):
        raise Refused("not_signed_in")
    return token


def require_secret(request: Request, secret: str) -> None:
    """Let only the scheduler pass."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), secret.encode())
    if scheme.lower() != "bearer" or not same:
        raise Refused("wrong_secret")
