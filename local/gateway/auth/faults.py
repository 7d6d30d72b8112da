"""Refusals in GoTrue's words and in the shape the caller's API version reads."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

VERSION_HEADER = "x-supabase-api-version"
CODES_IN_BODY = "2024-01-01"


class Fault(Exception):
    """A request that is refused: HTTP status, GoTrue's error code, a sentence, further members."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more


def validation(message: str) -> Fault:
    return Fault(400, "validation_failed", message)


def bad_jwt(reason: str) -> Fault:
    return Fault(403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {reason}")


def no_authorization() -> Fault:
    return Fault(401, "no_authorization", "This endpoint requires a valid Bearer token")


def invalid_credentials() -> Fault:
    """One answer for an unknown address and a wrong password, so that neither shows which."""
    return Fault(400, "invalid_credentials", "Invalid login credentials")


def user_already_exists() -> Fault:
    return Fault(422, "user_already_exists", "User already registered")


def email_exists() -> Fault:
    message = "A user with this email address has already been registered"
    return Fault(422, "email_exists", message)


def weak_password(message: str, reasons: list[str]) -> Fault:
    return Fault(422, "weak_password", message, weak_password={"reasons": reasons})


def unexpected(message: str = "Unexpected failure, please check server logs") -> Fault:
    return Fault(500, "unexpected_failure", message)


def answer(request: Request, fault: Fault) -> Response:
    """The fault as the API version that the request asks for writes it.

    Since 2024-01-01 `code` is the error code; before, it was the HTTP status.
    """
    headers = {"x-sb-error-code": fault.code}
    asked = request.headers.get(VERSION_HEADER, "")
    body: dict[str, Any]
    if asked >= CODES_IN_BODY:
        headers[VERSION_HEADER] = CODES_IN_BODY
        body = {"code": fault.code, "message": fault.message, **fault.more}
    else:
        body = {
            "code": fault.status,
            "error_code": fault.code,
            "msg": fault.message,
            **fault.more,
        }
    return JSONResponse(body, fault.status, headers)
