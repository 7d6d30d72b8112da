"""/admin/users with a service key."""

from __future__ import annotations

import uuid
from typing import Any

import bcrypt
import httpx
import pytest

from tests.gateway.serving import Gateway, bearer, code


async def admin(
    gateway: Gateway, method: str, path: str = "/admin/users", **sent: Any
) -> httpx.Response:
    return await gateway.auth(method, path, headers=gateway.secret, **sent)


async def created(gateway: Gateway, **sent: Any) -> dict[str, Any]:
    answer = await admin(gateway, "POST", json=sent)
    assert answer.status_code == 200, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def test_a_confirmed_account_can_sign_in(gateway: Gateway, email: str) -> None:
    user = await created(
        gateway,
        email=email.upper(),
        password="from above",
        email_confirm=True,
        user_metadata={"name": "Ada"},
        app_metadata={"team": 7},
    )
    assert user["email"] == email
    assert user["user_metadata"]["name"] == "Ada"
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"], "team": 7}
    assert user["email_confirmed_at"]
    session = (await gateway.sign_in(email, "from above")).json()
    assert session["user"]["id"] == user["id"]


async def test_an_account_is_not_confirmed_unless_it_is_said(gateway: Gateway, email: str) -> None:
    user = await created(gateway, email=email, password="from above")
    assert "email_confirmed_at" not in user
    assert code(await gateway.sign_in(email, "from above")) == (400, "email_not_confirmed")


async def test_an_account_may_come_with_its_id_and_hash(gateway: Gateway, email: str) -> None:
    chosen = str(uuid.uuid4())
    hashed = bcrypt.hashpw(b"kept elsewhere", bcrypt.gensalt(4)).decode()
    user = await created(gateway, id=chosen, email=email, password_hash=hashed, email_confirm=True)
    assert user["id"] == chosen
    assert (await gateway.sign_in(email, "kept elsewhere")).status_code == 200
    again = await admin(gateway, "POST", json={"id": chosen, "email": f"x{email}"})
    assert code(again) == (422, "user_already_exists")


async def test_an_account_without_a_password_lets_nobody_in(gateway: Gateway, email: str) -> None:
    await created(gateway, email=email, email_confirm=True)
    for guess in ("", "password"):
        assert code(await gateway.sign_in(email, guess)) == (400, "invalid_credentials")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, (400, "validation_failed")),
        ({"email": "nowhere"}, (400, "validation_failed")),
        ({"email": "x@example.test", "password": "abc"}, (422, "weak_password")),
        ({"email": "x@example.test", "id": "7"}, (400, "validation_failed")),
        ({"email": "x@example.test", "password_hash": "plain"}, (400, "validation_failed")),
        ({"email": "x@example.test", "ban_duration": "soon"}, (400, "validation_failed")),
        ({"email": "x@example.test", "user_metadata": []}, (400, "bad_json")),
    ],
)
async def test_what_is_no_account_is_refused(
    gateway: Gateway, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(await admin(gateway, "POST", json=sent)) == expected


async def test_a_taken_address_is_refused(gateway: Gateway, email: str) -> None:
    await created(gateway, email=email)
    again = await admin(gateway, "POST", json={"email": email.upper()})
    assert code(again) == (422, "email_exists")
    other = await created(gateway, email=f"x{email}")
    moved = await admin(gateway, "PUT", f"/admin/users/{other['id']}", json={"email": email})
    assert code(moved) == (422, "email_exists")


async def test_pages_hold_every_account_once(gateway: Gateway, email: str) -> None:
    made = {(await created(gateway, email=f"{n}{email}"))["id"] for n in range(5)}
    seen: list[str] = []
    path = "/admin/users?page=1&per_page=2"
    newest = await admin(gateway, "GET", "/admin/users?per_page=1")
    assert newest.json()["aud"] == "authenticated"
    assert int(newest.headers["x-total-count"]) >= 5
    # Other tests sign people up meanwhile, so pages may shift, but nobody is lost.
    while made - set(seen):
        answer = await admin(gateway, "GET", path)
        page = answer.json()["users"]
        assert page, "the last page came before all were seen"
        assert len(page) <= 2
        seen += [user["id"] for user in page]
        following = answer.links.get("next")
        if following is None:
            break
        path = following["url"]
    assert made <= set(seen)
    last = (await admin(gateway, "GET", "/admin/users?per_page=1")).links["last"]["url"]
    assert last.startswith("/admin/users?page=")


async def test_a_page_is_a_number(gateway: Gateway) -> None:
    for query in ("page=x", "per_page=-1", "page=1e3", f"page={'9' * 30}"):
        answer = await admin(gateway, "GET", f"/admin/users?{query}")
        assert code(answer) == (400, "validation_failed")
    assert (await admin(gateway, "GET", "/admin/users?page=&per_page=0")).status_code == 200
    beyond = await admin(gateway, "GET", "/admin/users?page=999999")
    assert beyond.json()["users"] == []


async def test_one_account_can_be_read_and_changed(gateway: Gateway, email: str) -> None:
    user = await created(gateway, email=email, password="from above", email_confirm=True)
    path = f"/admin/users/{user['id']}"
    assert (await admin(gateway, "GET", path)).json() == user
    changed = await admin(
        gateway,
        "PUT",
        path,
        json={
            "email": f"new.{email}",
            "password": "and another",
            "user_metadata": {"name": "Ada", "email_verified": None},
            "app_metadata": {"team": 7},
            "ban_duration": "1h30m",
            "role": "authenticated",
        },
    )
    assert changed.json()["email"] == f"new.{email}"
    assert changed.json()["user_metadata"] == {"name": "Ada"}
    assert changed.json()["app_metadata"]["team"] == 7
    assert changed.json()["banned_until"]
    freed = await admin(gateway, "PUT", path, json={"ban_duration": "none"})
    assert "banned_until" not in freed.json()
    assert (await gateway.sign_in(f"new.{email}", "and another")).status_code == 200


async def test_a_deleted_account_takes_its_rows_along(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    user_id = session["user"]["id"]
    profile = f"/rest/v1/profiles?id=eq.{user_id}&select=id"
    assert len((await gateway.http.get(profile, headers=gateway.secret)).json()) == 1
    answer = await admin(gateway, "DELETE", f"/admin/users/{user_id}")
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await gateway.http.get(profile, headers=gateway.secret)).json() == []
    assert code(await gateway.refresh(session["refresh_token"])) == (
        400,
        "refresh_token_not_found",
    )
    gone = await admin(gateway, "DELETE", f"/admin/users/{user_id}")
    assert code(gone) == (404, "user_not_found")
    await gateway.sign_up(email)


async def test_a_soft_deleted_account_keeps_its_row_and_nothing_personal(
    gateway: Gateway, email: str
) -> None:
    session = await gateway.sign_up(email)
    path = f"/admin/users/{session['user']['id']}"
    await admin(gateway, "DELETE", path, json={"should_soft_delete": True})
    left = (await admin(gateway, "GET", path)).json()
    assert left["deleted_at"]
    assert email not in str(left)
    assert left["user_metadata"] == {}
    assert code(await gateway.user(session)) == (403, "user_not_found")
    assert code(await gateway.sign_in(email)) == (400, "invalid_credentials")
    again = await admin(gateway, "DELETE", path, json={"should_soft_delete": True})
    assert again.status_code == 200
    await gateway.sign_up(email)


async def test_unknown_accounts_are_not_found(gateway: Gateway) -> None:
    for method in ("GET", "PUT", "DELETE"):
        path = f"/admin/users/{uuid.uuid4()}"
        sent: dict[str, Any] = {} if method == "GET" else {"json": {}}
        assert code(await admin(gateway, method, path, **sent)) == (404, "user_not_found")
        odd = await admin(gateway, method, "/admin/users/me", **sent)
        assert code(odd) == (404, "validation_failed")


async def test_only_servers_manage_accounts(gateway: Gateway, email: str) -> None:
    session = await gateway.sign_up(email)
    path = f"/admin/users/{session['user']['id']}"
    calls = (("GET", "/admin/users"), ("POST", "/admin/users"), ("GET", path), ("PUT", path))
    for method, called in (*calls, ("DELETE", path)):
        sent: dict[str, Any] = {} if method == "GET" else {"json": {}}
        as_member = await gateway.auth(method, called, headers=bearer(session), **sent)
        assert code(as_member) == (403, "not_admin")
        keyed = {"Authorization": f"Bearer {gateway.publishable_key}"}
        as_visitor = await gateway.auth(method, called, headers=keyed, **sent)
        assert code(as_visitor) == (403, "not_admin")
        as_nobody = await gateway.auth(method, called, **sent)
        assert code(as_nobody) == (401, "no_authorization")
    # A member's token beside a secret key is still a member's.
    mixed = {**gateway.secret, **bearer(session)}
    assert code(await gateway.auth("GET", path, headers=mixed)) == (403, "not_admin")
