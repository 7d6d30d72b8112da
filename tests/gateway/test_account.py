"""GET and PUT /user: one's own account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.serving import Gateway, Make, bearer, code


async def change(
    gateway: Gateway, session: dict[str, Any], expected: int = 200, **sent: Any
) -> dict[str, Any]:
    answer = await gateway.auth("PUT", "/user", json=sent, headers=bearer(session))
    assert answer.status_code == expected, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_metadata_is_merged_and_null_takes_a_member_away(
    gateway: Gateway, email: str
) -> None:
    session = await gateway.sign_up(email)
    await change(gateway, session, data={"name": "Ada", "pet": "cat"})
    user = await change(gateway, session, data={"name": "Ada L.", "pet": None})
    assert user["user_metadata"]["name"] == "Ada L."
    assert "pet" not in user["user_metadata"]
    assert user["user_metadata"]["email"] == email
    assert (await gateway.user(session)).json() == user


async def test_a_change_of_nothing_answers_the_account(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    assert (await change(gateway, session))["id"] == session["user"]["id"]


async def test_a_new_password_replaces_the_old_and_ends_the_other_sessions(
    gateway: Gateway, email: str
) -> None:
    session = await gateway.sign_up(email, "the old one")
    other = (await gateway.sign_in(email, "the old one")).json()
    await change(gateway, session, password="the new one")
    assert code(await gateway.sign_in(email, "the old one")) == (400, "invalid_credentials")
    assert (await gateway.sign_in(email, "the new one")).status_code == 200
    assert (await gateway.user(session)).status_code == 200
    assert code(await gateway.user(other)) == (403, "session_not_found")


async def test_the_same_or_a_weak_password_is_refused(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email, "the old one")
    same = await change(gateway, session, 422, password="the old one")
    assert same["error_code"] == "same_password"
    weak = await change(gateway, session, 422, password="abc")
    assert weak["weak_password"] == {"reasons": ["length"]}
    assert (await gateway.sign_in(email, "the old one")).status_code == 200


async def test_a_new_address_takes_over_at_once(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    user = await change(gateway, session, email=f"New.{email}", data={"name": "Ada"})
    assert user["email"] == f"new.{email}"
    assert user["user_metadata"]["email"] == f"new.{email}"
    assert user["user_metadata"]["name"] == "Ada"
    assert user["identities"][0]["identity_data"]["email"] == f"new.{email}"
    assert user["identities"][0]["email"] == f"new.{email}"
    assert "new_email" not in user
    assert code(await gateway.sign_in(email)) == (400, "invalid_credentials")
    assert (await gateway.sign_in(f"new.{email}")).status_code == 200
    await gateway.sign_up(email)


async def test_somebody_elses_address_is_refused(gateway: Gateway, email: str) -> None:
    await gateway.sign_up(email)
    session = await gateway.sign_up(f"other.{email}")
    taken = await change(gateway, session, 422, email=email.upper())
    assert taken["error_code"] == "email_exists"
    odd = await change(gateway, session, 400, email="nowhere")
    assert odd["error_code"] == "validation_failed"


async def test_a_new_address_waits_where_addresses_are_confirmed(
    gateway: Gateway, make_gateway: Make, email: str
) -> None:
    session = await gateway.sign_up(email)
    async with make_gateway(autoconfirm=False) as confirming:
        user = await change(confirming, session, email=f"new.{email}")
        assert user["email"] == email
        assert user["new_email"] == f"new.{email}"
        assert user["email_change_sent_at"]


async def test_members_do_not_write_what_only_servers_may(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    refused = await change(gateway, session, 403, app_metadata={"admin": True})
    assert refused["error_code"] == "not_admin"
    phone = await change(gateway, session, 422, phone="+491234")
    assert phone["error_code"] == "phone_provider_disabled"


async def test_a_new_address_shows_in_the_next_token(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    await change(gateway, session, email=f"new.{email}")
    renewed = (await gateway.refresh(session["refresh_token"])).json()
    assert renewed["user"]["email"] == f"new.{email}"


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (None, (401, "no_authorization")),
        ("Basic dTpw", (401, "no_authorization")),
        ("Bearer nonsense", (403, "bad_jwt")),
        ("Bearer a.b.c", (403, "bad_jwt")),
        ("Bearer sb_publishable_wrong", (403, "bad_jwt")),
    ],
)
async def test_without_a_good_token_there_is_no_account(
    gateway: Gateway, authorization: str | None, expected: tuple[int, str]
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method in ("GET", "PUT"):
        sent: dict[str, Any] = {} if method == "GET" else {"json": {}}
        assert code(await gateway.auth(method, "/user", headers=headers, **sent)) == expected


async def test_a_key_is_no_user(gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {gateway.publishable_key}"}
    answer = await gateway.auth("GET", "/user", headers=headers)
    assert code(answer) == (403, "bad_jwt")
    assert "sub claim" in answer.json()["msg"]


async def test_a_deleted_member_is_gone_though_the_token_is_good(
    gateway: Gateway, email: str
) -> None:
    session = await gateway.sign_up(email)
    path = f"/admin/users/{session['user']['id']}"
    await gateway.auth("DELETE", path, headers=gateway.secret)
    assert code(await gateway.user(session)) == (403, "user_not_found")
