"""Signing in, renewing and ending sessions."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest
from psycopg import AsyncConnection

from tests.gateway.serving import Gateway, Make, bearer, code
from tests.support.stack import StackEnv

ALREADY_USED = (400, "refresh_token_already_used")


def session_id(session: dict[str, Any]) -> str:
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    found: str = claims["session_id"]
    return found


async def test_each_sign_in_is_a_session_of_its_own(gateway: Gateway, email: str) -> None:
    first = await gateway.sign_up(email)
    answer = await gateway.sign_in(email)
    second = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert second["user"]["id"] == first["user"]["id"]
    assert session_id(second) != session_id(first)
    assert second["user"]["last_sign_in_at"] > first["user"]["last_sign_in_at"]
    assert "weak_password" not in second


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"email": "nobody@example.test", "password": "whatever"}, (400, "invalid_credentials")),
        ({"email": "nobody@example.test"}, (400, "invalid_credentials")),
        ({"email": "no address", "password": "whatever"}, (400, "invalid_credentials")),
        ({"email": "x@example.test", "password": "x" * 100}, (400, "invalid_credentials")),
        ({"password": "whatever"}, (400, "validation_failed")),
        ({"phone": "+491234", "password": "whatever"}, (422, "phone_provider_disabled")),
        ({"email": ["x"], "password": "whatever"}, (400, "bad_json")),
    ],
)
async def test_wrong_credentials_are_refused(
    gateway: Gateway, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(await gateway.auth("POST", "/token?grant_type=password", json=sent)) == expected


async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    gateway: Gateway, email: str
) -> None:
    await gateway.sign_up(email)
    wrong = await gateway.sign_in(email, "not the one")
    unknown = await gateway.sign_in(f"x{email}", "not the one")
    assert wrong.json() == unknown.json()
    assert code(wrong) == code(unknown) == (400, "invalid_credentials")


@pytest.mark.parametrize("grant", ["id_token", "pkce", "web3"])
async def test_other_grants_are_refused_by_name(gateway: Gateway, grant: str) -> None:
    answer = await gateway.auth("POST", f"/token?grant_type={grant}", json={})
    assert code(answer) == (400, "provider_disabled")
    assert grant in answer.json()["msg"]


async def test_an_unknown_grant_is_refused(gateway: Gateway) -> None:
    for query in ("", "?grant_type=", "?grant_type=client_credentials"):
        answer = await gateway.auth("POST", f"/token{query}", json={})
        assert code(answer) == (400, "validation_failed")


async def test_a_refresh_token_gives_the_next_one_of_the_same_session(
    clocked: Gateway, email: str
) -> None:
    first = await clocked.sign_up(email)
    clocked.clock.forward(3000)
    second = (await clocked.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert session_id(second) == session_id(first)
    old, new = (
        jwt.decode(session["access_token"], options={"verify_signature": False})
        for session in (first, second)
    )
    assert new["amr"] == old["amr"], "refreshing is no new sign-in"
    assert new["exp"] >= old["exp"] + 3000
    assert (await clocked.user(second)).status_code == 200


async def test_a_used_token_may_be_used_again_for_ten_seconds(clocked: Gateway, email: str) -> None:
    first = (await clocked.sign_up(email))["refresh_token"]
    second = (await clocked.refresh(first)).json()["refresh_token"]
    third = (await clocked.refresh(second)).json()["refresh_token"]
    clocked.clock.forward(9)
    again = await clocked.refresh(first)
    assert again.json()["refresh_token"] == third, "the one that is current now"


async def test_a_token_whose_answer_was_lost_still_works_later(
    clocked: Gateway, email: str
) -> None:
    first = (await clocked.sign_up(email))["refresh_token"]
    second = (await clocked.refresh(first)).json()["refresh_token"]
    clocked.clock.forward(3600)
    assert (await clocked.refresh(first)).json()["refresh_token"] == second


async def test_an_old_token_ends_the_whole_session(clocked: Gateway, email: str) -> None:
    signed_up = await clocked.sign_up(email)
    other = (await clocked.sign_in(email)).json()
    first = signed_up["refresh_token"]
    second = (await clocked.refresh(first)).json()["refresh_token"]
    third = (await clocked.refresh(second)).json()["refresh_token"]
    clocked.clock.forward(11)
    assert code(await clocked.refresh(first)) == ALREADY_USED
    for token in (third, second, first):
        assert code(await clocked.refresh(token)) == ALREADY_USED
    assert (await clocked.refresh(other["refresh_token"])).status_code == 200, "another session"


async def test_refreshes_at_once_agree_on_one_successor(clocked: Gateway, email: str) -> None:
    first = (await clocked.sign_up(email))["refresh_token"]
    answers = await asyncio.gather(*(clocked.refresh(first) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"refresh_token": "never-issued"}, (400, "refresh_token_not_found")),
        ({"refresh_token": ""}, (400, "validation_failed")),
        ({}, (400, "validation_failed")),
        ({"refresh_token": 7}, (400, "bad_json")),
    ],
)
async def test_what_is_no_refresh_token_is_refused(
    gateway: Gateway, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(await gateway.auth("POST", "/token?grant_type=refresh_token", json=sent)) == (
        expected
    )


async def test_an_access_token_expires_with_the_clock(clocked: Gateway, email: str) -> None:
    session = await clocked.sign_up(email)
    clocked.clock.forward(3599)
    assert (await clocked.user(session)).status_code == 200
    clocked.clock.forward(2)
    assert code(await clocked.user(session)) == (403, "bad_jwt")
    assert (await clocked.refresh(session["refresh_token"])).status_code == 200


async def test_how_long_a_token_lives_is_a_setting(make_gateway: Make, email: str) -> None:
    async with make_gateway(jwt_expiry_seconds=5) as brief:
        session = await brief.sign_up(email)
        assert session["expires_in"] == 5
        brief.clock.forward(6)
        assert code(await brief.user(session)) == (403, "bad_jwt")


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("?scope=global", {"this": False, "other": False}),
        ("", {"this": False, "other": False}),
        ("?scope=local", {"this": False, "other": True}),
        ("?scope=others", {"this": True, "other": False}),
    ],
)
async def test_signing_out_ends_the_sessions_of_its_scope(
    gateway: Gateway, email: str, scope: str, left: dict[str, bool]
) -> None:
    this = await gateway.sign_up(email)
    other = (await gateway.sign_in(email)).json()
    answer = await gateway.auth("POST", f"/logout{scope}", headers=bearer(this))
    assert (answer.status_code, answer.content) == (204, b"")
    for name, session in (("this", this), ("other", other)):
        seen = await gateway.user(session)
        refreshed = await gateway.refresh(session["refresh_token"])
        if left[name]:
            assert (seen.status_code, refreshed.status_code) == (200, 200)
        else:
            assert code(seen) == (403, "session_not_found")
            assert code(refreshed) == (400, "refresh_token_not_found")


async def test_signing_out_needs_a_session_and_a_known_scope(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    assert code(await gateway.auth("POST", "/logout")) == (401, "no_authorization")
    odd = await gateway.auth("POST", "/logout?scope=all", headers=bearer(session))
    assert code(odd) == (400, "validation_failed")
    assert (await gateway.auth("POST", "/logout", headers=bearer(session))).status_code == 204
    twice = await gateway.auth("POST", "/logout", headers=bearer(session))
    assert code(twice) == (403, "session_not_found")


async def test_a_banned_member_gets_no_session_until_the_ban_is_over(
    clocked: Gateway, email: str
) -> None:
    session = await clocked.sign_up(email)
    path = f"/admin/users/{session['user']['id']}"
    ban = {"ban_duration": "24h"}
    banned = await clocked.auth("PUT", path, json=ban, headers=clocked.secret)
    assert banned.json()["banned_until"]
    assert code(await clocked.sign_in(email)) == (400, "user_banned")
    assert code(await clocked.refresh(session["refresh_token"])) == (400, "user_banned")
    clocked.clock.forward(24 * 3600 + 1)
    assert (await clocked.sign_in(email)).status_code == 200
    assert (await clocked.refresh(session["refresh_token"])).status_code == 200


async def test_a_password_the_policy_outgrew_still_signs_in_with_a_warning(
    gateway: Gateway, make_gateway: Make, email: str
) -> None:
    await gateway.sign_up(email, "seven77")
    async with make_gateway(password_min_length=10) as strict:
        session = (await strict.sign_in(email, "seven77")).json()
        assert session["weak_password"]["reasons"] == ["length"]
        assert session["access_token"]


async def test_too_many_attempts_are_refused_until_the_minute_is_over(
    make_gateway: Make, email: str
) -> None:
    async with make_gateway(attempts_per_minute=3) as limited:
        session = await limited.sign_up(email)
        for _ in range(2):
            assert code(await limited.sign_in(email, "wrong")) == (400, "invalid_credentials")
        for attempt in (limited.sign_in(email), limited.refresh(session["refresh_token"])):
            assert code(await attempt) == (429, "over_request_rate_limit")
        assert (await limited.user(session)).status_code == 200, "only attempts to get in count"
        limited.clock.forward(61)
        assert (await limited.sign_in(email)).status_code == 200


async def test_a_session_that_was_given_an_end_ends_then(
    clocked: Gateway, stack: StackEnv, email: str
) -> None:
    session = await clocked.sign_up(email)
    async with await AsyncConnection.connect(stack.database_url, autocommit=True) as conn:
        await conn.execute(
            "update auth.sessions set not_after = now() + interval '1 hour' where id = %s",
            (session_id(session),),
        )
    renewed = (await clocked.refresh(session["refresh_token"])).json()
    clocked.clock.forward(3601)
    assert code(await clocked.refresh(renewed["refresh_token"])) == (400, "session_expired")
