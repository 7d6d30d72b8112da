"""Whatever is sent, auth answers with a refusal of its own and never breaks."""

from __future__ import annotations

import base64
import json
from typing import Any

import bcrypt
import pytest

from tests.gateway.serving import Gateway, bearer
from tests.support.campaign import size

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**40,
    "",
    " ",
    "\x00",
    "a\x00b@example.test",
    "\ud800",
    "\u202e",
    "x" * 10_000,
    "' or 1=1 --",
    "%s%(x)s{0}",
    [],
    ["x"],
    {},
    {"x": "\x00"},
    {"x": "\ud800"},
    {"\x00": 1},
    {"x": {"y": [None, 1e400]}},
]
HASH = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
CALLS = [
    ("POST", "/signup", ("email", "password", "data", "phone")),
    ("POST", "/token?grant_type=password", ("email", "password")),
    ("POST", "/token?grant_type=refresh_token", ("refresh_token",)),
    ("PUT", "/user", ("email", "password", "data", "phone", "app_metadata")),
]
ADMIN = (
    "email", "password", "password_hash", "user_metadata", "app_metadata", "role", "id",
    "ban_duration", "email_confirm",
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "fields"), CALLS)
async def test_odd_members_are_refused(
    gateway: Gateway, email: str, method: str, path: str, fields: tuple[str, ...]
) -> None:
    session = await gateway.sign_up(email)
    for field in fields:
        for odd in ODD:
            body = {"email": f"y{email}", "password": "correct horse", field: odd}
            # The last thing a test may do is to change who is signed in.
            if path == "/user" and field != "password":
                del body["password"]
            answer = await gateway.auth(
                method, path, content=json.dumps(body).encode(), headers=bearer(session)
            )
            assert answer.status_code < 500, (field, odd, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["x-sb-error-code"], (field, odd)


async def test_odd_members_are_refused_to_servers_too(gateway: Gateway, email: str) -> None:
    user_id = (await gateway.sign_up(email))["user"]["id"]
    for turn, field in enumerate(ADMIN):
        # Reduced: every value is tried, each in some of the fields.
        step = size(3, 1)
        for odd in ODD[turn % step :: step]:
            # With a hash of its own an account costs no hashing.
            body = {"email": f"{field}{email}", "password_hash": HASH, field: odd}
            sent = json.dumps(body).encode()
            made = await gateway.auth("POST", "/admin/users", content=sent, headers=gateway.secret)
            assert made.status_code < 500, (field, odd, made.text)
            if made.status_code == 200:
                path = f"/admin/users/{made.json()['id']}"
                await gateway.auth("DELETE", path, headers=gateway.secret)
            only = json.dumps({field: odd}).encode()
            path = f"/admin/users/{user_id}"
            changed = await gateway.auth("PUT", path, content=only, headers=gateway.secret)
            assert changed.status_code < 500, (field, odd, changed.text)


@pytest.mark.parametrize(
    "body",
    [b'{"a": NaN}', b'{"a": -Infinity}', b"[" * 100_000, b'{"a":' * 100_000, b'{"a": "\xff"}'],
    ids=["nan", "infinity", "deep list", "deep object", "no utf-8"],
)
async def test_what_is_no_json_is_bad_json(gateway: Gateway, body: bytes) -> None:
    answer = await gateway.auth("POST", "/signup", content=body)
    assert answer.status_code == 400
    assert answer.headers["x-sb-error-code"] == "bad_json"


def unsigned(header: object, claims: object) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + ".AA"


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": ["ES256"]}, {}),
        unsigned({"alg": {}}, {}),
        unsigned({"alg": None}, {}),
        unsigned({"alg": "ES256", "kid": 7}, {}),
        unsigned([], {}),
        unsigned("ES256", {}),
        unsigned({"alg": "HS256"}, []),
        unsigned({"alg": "ES256", "crit": ["b64"], "b64": False}, {}),
        "..",
        "a" * 9_000,
        "\u00ff.\u00ff.\u00ff",
    ],
)
async def test_odd_tokens_are_bad_tokens(gateway: Gateway, token: str) -> None:
    headers = {b"Authorization": b"Bearer " + token.encode("latin-1")}
    answer = await gateway.auth("GET", "/user", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["x-sb-error-code"] == "bad_jwt"
