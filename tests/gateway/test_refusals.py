"""What the embedded auth does not do, it says; and how an error reads in each API version."""

from __future__ import annotations

import pytest

from tests.gateway.serving import Gateway, code

VERSION = {"X-Supabase-Api-Version": "2024-01-01"}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/recover", (422, "email_provider_disabled")),
        ("POST", "/resend", (422, "email_provider_disabled")),
        ("POST", "/invite", (422, "email_provider_disabled")),
        ("GET", "/reauthenticate", (422, "email_provider_disabled")),
        ("POST", "/admin/generate_link", (422, "email_provider_disabled")),
        ("POST", "/otp", (422, "otp_disabled")),
        ("POST", "/magiclink", (422, "otp_disabled")),
        ("POST", "/verify", (422, "otp_disabled")),
        ("GET", "/verify", (422, "otp_disabled")),
        ("GET", "/authorize?provider=github", (400, "provider_disabled")),
        ("GET", "/callback", (400, "provider_disabled")),
        ("GET", "/user/identities/authorize", (400, "manual_linking_disabled")),
        ("DELETE", "/user/identities/1", (400, "manual_linking_disabled")),
        ("GET", "/user/oauth/grants", (400, "provider_disabled")),
        ("POST", "/sso", (400, "saml_provider_disabled")),
        ("POST", "/factors", (422, "mfa_totp_enroll_not_enabled")),
        ("POST", "/factors/1/challenge", (422, "mfa_totp_verify_not_enabled")),
        ("GET", "/passkeys", (422, "mfa_webauthn_enroll_not_enabled")),
        ("GET", "/somewhere", (404, "not_found")),
        ("GET", "/admin/users/1/factors", (404, "not_found")),
    ],
)
async def test_what_is_missing_is_refused_with_a_reason(
    gateway: Gateway, method: str, path: str, expected: tuple[int, str]
) -> None:
    answer = await gateway.auth(method, path, headers=VERSION)
    assert code(answer) == expected
    assert answer.json()["code"] == expected[1]
    assert len(answer.json()["message"]) > 20


async def test_an_error_is_written_for_the_version_that_asks(gateway: Gateway) -> None:
    message = "Invalid login credentials"
    sent = {"email": "nobody@example.test", "password": "whatever"}
    path = "/token?grant_type=password"
    old = await gateway.auth("POST", path, json=sent)
    assert old.json() == {"code": 400, "error_code": "invalid_credentials", "msg": message}
    assert "x-supabase-api-version" not in old.headers
    new = await gateway.auth("POST", path, json=sent, headers=VERSION)
    assert new.json() == {"code": "invalid_credentials", "message": message}
    assert new.headers["x-supabase-api-version"] == "2024-01-01"
    assert old.headers["x-sb-error-code"] == new.headers["x-sb-error-code"]


async def test_settings_say_what_there_is(gateway: Gateway) -> None:
    shown = (await gateway.auth("GET", "/settings")).json()
    assert shown["external"]["email"] is True
    assert shown["external"]["phone"] is False
    assert shown["disable_signup"] is False
    assert shown["mailer_autoconfirm"] is True


async def test_health_tells_that_auth_runs(gateway: Gateway) -> None:
    assert (await gateway.auth("GET", "/health")).json()["name"] == "GoTrue"
