"""The contract with supabase-py: its own client, for each call the product and its tests use."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from supabase import AsyncClient, AsyncClientOptions, acreate_client
from tests.gateway.project import Project
from tests.gateway.serving import Gateway, Make, running_gateway

PASSWORD = "correct horse"


Connect = Callable[[str, str], Awaitable[AsyncClient]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes clients that keep their session to themselves; their connections end with the test."""
    async with httpx.AsyncClient(timeout=20) as http:

        async def client_of(url: str, key: str) -> AsyncClient:
            options = AsyncClientOptions(
                auto_refresh_token=False, persist_session=False, httpx_client=http
            )
            return await acreate_client(url, key, options)

        yield client_of


async def sign_up(client: AsyncClient, email: str) -> None:
    await client.auth.sign_up({"email": email, "password": PASSWORD})


def refusal(error: pytest.ExceptionInfo[AuthApiError]) -> tuple[int, str | None]:
    return error.value.status, error.value.code


@pytest.mark.parametrize("signing", ["ES256", "HS256"])
async def test_a_member_signs_up_in_and_out(
    make_gateway: Make, connect: Connect, email: str, signing: str
) -> None:
    async with make_gateway(signing=signing) as gateway:
        client = await connect(gateway.url, gateway.publishable_key)
        made = await client.auth.sign_up(
            {"email": email, "password": PASSWORD, "options": {"data": {"name": "Ada"}}}
        )
        assert made.user is not None
        assert made.session is not None
        assert made.user.user_metadata["name"] == "Ada"
        entered = await client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        assert entered.user is not None
        assert entered.user.id == made.user.id
        claims = await client.auth.get_claims()
        assert claims is not None
        assert claims["claims"]["sub"] == made.user.id
        refreshed = await client.auth.refresh_session()
        assert refreshed.session is not None
        assert entered.session is not None
        assert refreshed.session.refresh_token != entered.session.refresh_token
        changed = await client.auth.update_user({"data": {"pet": "cat"}})
        assert changed.user.user_metadata["pet"] == "cat"
        await client.auth.sign_out()
        assert await client.auth.get_session() is None
        with pytest.raises(AuthApiError) as gone:
            await client.auth.get_user(refreshed.session.access_token)
        assert refusal(gone) == (403, "session_not_found")


async def test_refusals_are_its_own_errors(gateway: Gateway, connect: Connect, email: str) -> None:
    client = await connect(gateway.url, gateway.publishable_key)
    await sign_up(client, email)
    other = await connect(gateway.url, gateway.publishable_key)
    with pytest.raises(AuthApiError) as taken:
        await other.auth.sign_up({"email": email, "password": PASSWORD})
    assert refusal(taken) == (422, "user_already_exists")
    with pytest.raises(AuthWeakPasswordError) as weak:
        await other.auth.sign_up({"email": f"x{email}", "password": "abc"})
    assert weak.value.reasons == ["length"]
    with pytest.raises(AuthApiError) as wrong:
        await other.auth.sign_in_with_password({"email": email, "password": "wrong"})
    assert refusal(wrong) == (400, "invalid_credentials")
    with pytest.raises(AuthApiError) as unknown:
        await other.auth.refresh_session("never-issued")
    assert refusal(unknown) == (400, "refresh_token_not_found")
    with pytest.raises(AuthApiError) as same:
        await client.auth.update_user({"password": PASSWORD})
    assert refusal(same) == (422, "same_password")
    with pytest.raises(AuthApiError) as recover:
        await client.auth.reset_password_for_email(email)
    assert refusal(recover) == (422, "email_provider_disabled")
    with pytest.raises(AuthApiError) as otp:
        await client.auth.sign_in_with_otp({"email": email})
    assert refusal(otp) == (422, "otp_disabled")


async def test_a_server_manages_accounts(gateway: Gateway, connect: Connect, email: str) -> None:
    server = await connect(gateway.url, gateway.secret_key)
    admin = server.auth.admin
    made = await admin.create_user(
        {"email": email, "password": PASSWORD, "email_confirm": True, "app_metadata": {"n": 1}}
    )
    assert (await admin.get_user_by_id(made.user.id)).user.email == email
    changed = await admin.update_user_by_id(made.user.id, {"ban_duration": "24h"})
    assert changed.user.app_metadata["n"] == 1
    assert len(await admin.list_users(page=1, per_page=1)) == 1
    with pytest.raises(AuthApiError) as again:
        await admin.create_user({"email": email})
    assert refusal(again) == (422, "email_exists")
    await admin.delete_user(made.user.id)
    with pytest.raises(AuthApiError) as gone:
        await admin.get_user_by_id(made.user.id)
    assert refusal(gone) == (404, "user_not_found")
    plain = await connect(gateway.url, gateway.publishable_key)
    with pytest.raises(AuthApiError) as refused:
        await plain.auth.admin.list_users()
    assert refusal(refused) == (403, "not_admin")


@pytest.mark.parametrize("legacy", [False, True], ids=["opaque keys", "legacy keys"])
async def test_rows_and_functions(
    project: Project, connect: Connect, email: str, legacy: bool
) -> None:
    keys = project.keys
    key = keys.anon_key if legacy else keys.publishable
    server_key = keys.service_role_key if legacy else keys.secret
    async with running_gateway(**project.settings()) as gateway:
        client = await connect(gateway.url, key)
        await sign_up(client, email)
        items = client.table("items")
        rows: list[dict[str, Any]] = [{"name": uuid.uuid4().hex, "tags": ["t"]} for _ in range(5)]
        made: list[Any] = (await items.insert(rows).execute()).data
        assert [row["name"] for row in made] == [row["name"] for row in rows]
        names: list[str | int | float | bool] = [row["name"] for row in rows]
        page = (
            await items.select("id,name", count="exact")  # type: ignore[arg-type]
            .in_("name", names)
            .order("id")
            .range(1, 2)
            .execute()
        )
        assert (len(page.data), page.count) == (2, 5)
        one = await items.select("*").eq("name", names[0]).single().execute()
        data: Any = one.data
        assert data["id"] == made[0]["id"]
        changed: list[Any] = (
            await items.update({"price": 2.5}).eq("id", made[0]["id"]).execute()
        ).data
        assert changed[0]["price"] == 2.5
        merged: list[Any] = (
            await items.upsert({"name": names[0], "price": 3}, on_conflict="name").execute()
        ).data
        assert (merged[0]["id"], merged[0]["price"]) == (made[0]["id"], 3)
        assert len((await items.delete().in_("name", names).execute()).data) == 5
        assert (await client.rpc("total", {"numbers": [1, 2]}).execute()).data == 3
        assert (await client.rpc("total", {"numbers": [1, 2]}, get=True).execute()).data == 3
        with pytest.raises(APIError) as taken:
            await client.rpc("refuse").execute()
        assert taken.value.code == "slot_taken"
        with pytest.raises(APIError) as none:
            await items.select("*").eq("id", -1).single().execute()
        assert none.value.code == "PGRST116"
        server = await connect(gateway.url, server_key)
        seen: Any = (await server.rpc("request").execute()).data
        assert seen["role"] == "service_role"
        visitor = await connect(gateway.url, key)
        with pytest.raises(APIError) as refused:
            await visitor.table("items").insert({"name": "x"}).execute()
        assert refused.value.code == "42501"
