"""Signing up: what a new member gets, who is refused, and that an address is taken once."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import jwt
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.gateway.serving import Gateway, Make, code
from tests.support.campaign import size
from tests.support.stack import StackEnv

PASSWORD = "correct horse"


async def test_a_new_member_gets_a_session_at_once(gateway: Gateway, email: str) -> None:
    sent = {"email": email, "password": PASSWORD, "data": {"name": "Ada"}}
    answer = await gateway.auth("POST", "/signup", json=sent)
    assert answer.status_code == 200
    session = answer.json()
    assert session["token_type"] == "bearer"
    assert session["expires_in"] == 3600
    assert abs(session["expires_at"] - gateway.clock() - 3600) < 5
    user = session["user"]
    assert user["email"] == email
    assert (user["aud"], user["role"]) == ("authenticated", "authenticated")
    assert user["user_metadata"]["name"] == "Ada"
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert user["is_anonymous"] is False
    assert [known["provider"] for known in user["identities"]] == ["email"]
    for name in ("email_confirmed_at", "confirmed_at", "last_sign_in_at", "created_at"):
        assert user[name].endswith("Z")
    for never_set in ("banned_until", "recovery_sent_at", "deleted_at", "new_email"):
        assert never_set not in user
    assert (await gateway.user(session)).json()["id"] == user["id"]


async def test_the_access_token_says_who_where_and_how(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    assert claims["iss"] == f"{gateway.url}/auth/v1"
    assert claims["aud"] == claims["role"] == "authenticated"
    assert claims["sub"] == session["user"]["id"]
    assert claims["email"] == email
    assert claims["aal"] == "aal1"
    (how,) = claims["amr"]
    assert how["method"] == "password"
    assert 0 <= claims["iat"] - how["timestamp"] < 10
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["is_anonymous"] is False
    assert claims["app_metadata"]["provider"] == "email"
    assert claims["user_metadata"]["email"] == email
    uuid.UUID(claims["session_id"])


async def test_an_address_is_one_in_whatever_case(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(f"  {email.upper()} ")
    assert session["user"]["email"] == email
    assert (await gateway.sign_in(email)).status_code == 200
    assert (await gateway.sign_in(email.title())).status_code == 200
    again = {"email": email.swapcase(), "password": PASSWORD}
    refused = await gateway.auth("POST", "/signup", json=again)
    assert code(refused) == (422, "user_already_exists")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"email": "x@example.test", "password": "short"}, (422, "weak_password")),
        ({"email": "x@example.test", "password": "ü" * 37}, (400, "validation_failed")),
        ({"email": "x@example.test"}, (400, "validation_failed")),
        ({"email": "nobody", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a@@example.test", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a b@example.test", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a@example..test", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": f"{'a' * 250}@b.test", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a\x00@b.test", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": 7, "password": PASSWORD}, (400, "bad_json")),
        ({"email": "x@example.test", "password": PASSWORD, "data": "x"}, (400, "bad_json")),
        ({"phone": "+4912345", "password": PASSWORD}, (400, "phone_provider_disabled")),
        ({}, (422, "anonymous_provider_disabled")),
        ({"data": {"name": "Ada"}}, (422, "anonymous_provider_disabled")),
    ],
)
async def test_what_is_not_a_sign_up_is_refused(
    gateway: Gateway, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(await gateway.auth("POST", "/signup", json=sent)) == expected


@pytest.mark.parametrize("body", [b"{", b"[]", b"nope", b'"text"', b"\xff\xfe"])
async def test_a_body_that_is_no_object_is_bad_json(gateway: Gateway, body: bytes) -> None:
    assert code(await gateway.auth("POST", "/signup", content=body)) == (400, "bad_json")


async def test_a_weak_password_is_refused_with_its_reasons(gateway: Gateway, email: str) -> None:
    answer = await gateway.auth(
        "POST",
        "/signup",
        json={"email": email, "password": "five5"},
        headers={"X-Supabase-Api-Version": "2024-01-01"},
    )
    assert answer.json() == {
        "code": "weak_password",
        "message": "Password should be at least 6 characters.",
        "weak_password": {"reasons": ["length"]},
    }


async def test_of_those_racing_for_one_address_one_wins(gateway: Gateway) -> None:
    for _ in range(size(3, 40)):
        email = f"{uuid.uuid4().hex}@example.test"
        sent = {"email": email, "password": PASSWORD}
        racing = [gateway.auth("POST", "/signup", json=sent) for _ in range(4)]
        answers = sorted(code(answer) for answer in await asyncio.gather(*racing))
        assert answers == [(200, "")] + 3 * [(422, "user_already_exists")]
        assert (await gateway.sign_in(email)).status_code == 200


async def test_a_trigger_that_fails_makes_sign_up_fail_and_leaves_nothing(
    gateway: Gateway, stack: StackEnv, email: str
) -> None:
    sent = {"email": email, "password": PASSWORD, "data": {}}
    async with await psycopg.AsyncConnection.connect(
        make_conninfo(stack.database_url, user="supabase_admin"), autocommit=True
    ) as conn:
        trigger = sql.Identifier(f"refuse_{uuid.uuid4().hex[:8]}")
        refusing = sql.SQL(
            """
            create function pg_temp.refuse() returns trigger language plpgsql as
                $$ begin if new.email = {email} then raise 'no'; end if; return new; end $$;
            create trigger {trigger} before insert on auth.users
                for each row execute function pg_temp.refuse();
            """
        )
        await conn.execute(refusing.format(email=sql.Literal(email), trigger=trigger))
        try:
            answer = await gateway.auth("POST", "/signup", json=sent)
        finally:
            await conn.execute(sql.SQL("drop trigger {} on auth.users").format(trigger))
        assert code(answer) == (500, "unexpected_failure")
        assert answer.json()["msg"] == "Database error saving new user"
    assert (await gateway.auth("POST", "/signup", json=sent)).status_code == 200


async def test_where_addresses_are_confirmed_nobody_learns_who_has_an_account(
    make_gateway: Make, email: str
) -> None:
    async with make_gateway(autoconfirm=False) as gateway:
        sent = {"email": email, "password": PASSWORD}
        first = (await gateway.auth("POST", "/signup", json=sent)).json()
        assert first["email"] == email
        assert "access_token" not in first
        assert "email_confirmed_at" not in first
        assert first["confirmation_sent_at"]
        assert code(await gateway.sign_in(email)) == (400, "email_not_confirmed")
        again = (await gateway.auth("POST", "/signup", json=sent)).json()
        assert again["id"] == first["id"], "not confirmed yet: the same account"

        confirm = {"email_confirm": True}
        path = f"/admin/users/{first['id']}"
        confirmed = await gateway.auth("PUT", path, json=confirm, headers=gateway.secret)
        assert confirmed.json()["email_confirmed_at"]
        assert (await gateway.sign_in(email)).status_code == 200
        made_up = (await gateway.auth("POST", "/signup", json=sent)).json()
        assert made_up["id"] != first["id"]
        assert set(made_up) <= set(first)


async def test_sign_up_can_be_closed(make_gateway: Make, email: str) -> None:
    async with make_gateway(signups_enabled=False) as gateway:
        sent = {"email": email, "password": PASSWORD}
        refused = await gateway.auth("POST", "/signup", json=sent)
        assert code(refused) == (422, "signup_disabled")
        shown = (await gateway.auth("GET", "/settings")).json()
        assert shown["disable_signup"] is True
