"""From what came over the wire to the errors of mentorkit."""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from postgrest.exceptions import APIError
from supabase_auth.errors import (
    AuthApiError,
    AuthError,
    AuthRetryableError,
    AuthSessionMissingError,
    AuthUnknownError,
    AuthWeakPasswordError,
)

from mentorkit.errors import (
    BY_CODE,
    BadAnswer,
    Conflict,
    Invalid,
    MentorkitError,
    Misconfigured,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotSupabase,
    RateLimited,
    Refused,
    SchemaTooOld,
    SlotTaken,
    TooMany,
    Unavailable,
    WrongCredentials,
    WrongKey,
)

TOKEN_REFUSED = "token_refused"
"""The code of a `NotSignedIn` that a fresh access token may cure."""

_OLD_SCHEMA = {"PGRST202", "PGRST204", "PGRST205", "PGRST200", "42P01", "42883", "42703"}
_AUTH: dict[str, type[Refused]] = {
    "invalid_credentials": WrongCredentials,
    "user_already_exists": Conflict,
    "email_exists": Conflict,
    "weak_password": Invalid,
    "same_password": Invalid,
    "validation_failed": Invalid,
    "email_address_invalid": Invalid,
    "signup_disabled": NotAllowed,
    "email_provider_disabled": NotAllowed,
    "not_admin": NotAllowed,
    "over_email_send_rate_limit": TooMany,
    "user_banned": NotAllowed,
}
_DNS = ("name or service", "name resolution", "getaddrinfo", "nodename", "no address associated")


def check(response: httpx.Response) -> None:
    """Raise for answers that come from no part of Supabase that mentorkit speaks with.

    The body must have been read. What PostgREST and auth refuse in their own words passes.
    """
    status = response.status_code
    if "text/html" in response.headers.get("content-type", ""):
        if status in (429, 500) or status >= 502:
            raise _overload(response, {})
        raise NotSupabase(
            f"{response.request.url.host} answered with a web page (HTTP {status}), not with data: "
            "check SUPABASE_URL, and whether a proxy or a log-in page is in between."
        )
    if status < 400:
        return
    body = _json(response)
    if status == 401 and not (body.get("code") or body.get("error_code")):
        raise WrongKey(
            f"The API key was not accepted ({body.get('message') or body.get('msg') or status}): "
            "copy the publishable key of this project again."
        )
    if body.get("code") in BY_CODE:
        return
    if status == 429 or (status >= 502 and status not in (505, 510)):
        raise _overload(response, body)
    if status >= 500 and not body.get("code"):
        raise _overload(response, body)


def _overload(response: httpx.Response, body: Mapping[str, Any]) -> Unavailable:
    wish = _retry_after(response.headers.get("retry-after"))
    said = body.get("message") or body.get("msg") or response.reason_phrase or "no reason given"
    status = response.status_code
    again = f"try again in {wish:.0f} s" if wish is not None else "try again in a moment"
    if status == 429:
        return RateLimited(
            f"Too many calls (HTTP 429, {said}): {again}.", retry_after=wish, maybe_done=False
        )
    return Unavailable(
        f"The server is not available (HTTP {status}, {said}): {again}.",
        retry_after=wish,
        # 503 is said before anything is done; behind any other a write may have gone through.
        maybe_done=status != 503,
    )


def _retry_after(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


@contextlib.contextmanager
def translated(*, signed_in: bool) -> Iterator[None]:
    """Turn what the libraries below raise into errors of mentorkit."""
    try:
        yield
    except APIError as fault:
        raise _from_database(fault, signed_in=signed_in) from fault
    except AuthError as fault:
        raise _from_auth(fault) from fault
    except httpx.HTTPError as fault:
        raise from_transport(fault) from fault
    except httpx.InvalidURL as fault:
        raise Misconfigured(f"The URL cannot be used: {fault}.") from fault


def _from_database(fault: APIError, *, signed_in: bool) -> MentorkitError:
    code = fault.code or ""
    said = fault.message or "no reason given"
    if kind := BY_CODE.get(code):
        return kind(said, code=code)
    if code in ("PGRST301", "PGRST302", "PGRST303"):
        return NotSignedIn(f"The access token was not accepted ({said}).", code=TOKEN_REFUSED)
    if code == "42501":
        if not signed_in:
            return NotSignedIn("Sign in first: this is not open to everybody.")
        return NotAllowed(f"You may not do this ({said}).")
    if code == "PGRST116":
        return NotFound()
    if code in _OLD_SCHEMA:
        return SchemaTooOld(
            f"The database lacks what this version needs ({said}): deploy the migrations "
            "(`supabase db push`), then run `mentorkit doctor`."
        )
    if code == "23P01":
        return SlotTaken()
    if code in ("40001", "40P01", "57014", "57P01", "53300") or code.startswith(("08", "PGRST0")):
        return Unavailable(
            f"The database could not do it now ({said}): try again.",
            code="timeout" if code == "57014" else None,
        )
    if code == "23505":
        return Conflict(said)
    if code.startswith(("22", "23", "PGRST1")):
        return Invalid(said)
    if code.isdigit() and len(code) == 3:
        return BadAnswer(f"The server answered HTTP {code} without saying more ({said}).")
    return Refused(said, code=code or None)


def _from_auth(fault: AuthError) -> MentorkitError:
    if isinstance(fault, AuthRetryableError):
        cause = fault.__cause__
        if isinstance(cause, httpx.HTTPError) and not isinstance(cause, httpx.HTTPStatusError):
            return from_transport(cause)
        return Unavailable(f"Auth is not available ({fault.message}).", maybe_done=True)
    if isinstance(fault, AuthSessionMissingError):
        return NotSignedIn("Sign in first: there is no session.")
    if isinstance(fault, AuthUnknownError):
        return BadAnswer(f"Auth answered what cannot be read ({fault.message}).")
    code: str | None = fault.code
    if isinstance(fault, AuthWeakPasswordError):
        return Invalid(f"The password is too weak: {fault.message}", code="weak_password")
    if isinstance(fault, AuthApiError) and (fault.status or 0) >= 500:
        return Unavailable(
            f"Auth failed ({fault.message}); sign-up also fails this way when the migrations of "
            "mentorkit are missing or older than this version.",
            code=code,
            maybe_done=True,
        )
    return _AUTH.get(code or "", NotSignedIn)(fault.message, code=code)


def from_transport(fault: httpx.HTTPError) -> MentorkitError:
    """What a failure below HTTP means, in a sentence that says what to do."""
    said = str(fault) or type(fault).__name__
    host = _host(fault)
    if isinstance(fault, httpx.UnsupportedProtocol):
        return Misconfigured(f"The URL must begin with https:// or http:// ({said}).")
    if isinstance(fault, (httpx.ConnectError, httpx.ProxyError)):
        low = said.lower()
        if any(word in low for word in _DNS):
            return Unavailable(
                f"The name {host} was not found: check SUPABASE_URL and the network.", code="dns"
            )
        if "certificate" in low or "ssl" in low or "tls" in low:
            return Unavailable(
                f"No trusted connection to {host} ({said}): check the clock, the certificate and "
                "any proxy in between.",
                code="tls",
            )
        return Unavailable(f"{host} cannot be reached ({said}): is it up? Is the network?")
    if isinstance(fault, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Unavailable(f"{host} did not answer in time: try again.", code="timeout")
    if isinstance(fault, httpx.TimeoutException):
        return Unavailable(
            f"{host} did not finish in time: try again.", code="timeout", maybe_done=True
        )
    if isinstance(fault, httpx.TransportError):
        return Unavailable(f"The connection to {host} broke ({said}): try again.", maybe_done=True)
    return BadAnswer(f"{host} answered what cannot be read ({said}).")


def _host(fault: httpx.HTTPError) -> str:
    try:
        return fault.request.url.host
    except RuntimeError:
        return "the server"
