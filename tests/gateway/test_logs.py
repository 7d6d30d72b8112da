"""Nothing that opens an account is ever logged, whatever goes wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from local.layout import Layout
from tests.gateway.serving import Gateway, Make, bearer
from tests.support.stack import StackEnv

PASSWORD = "a-password-that-must-not-be-seen"


async def everything(gateway: Gateway, email: str) -> list[str]:
    """Go through all calls, well and badly, and give the secrets that were in them."""
    session = await gateway.sign_up(email, PASSWORD)
    renewed = (await gateway.refresh(session["refresh_token"])).json()
    await gateway.sign_up(f"x{email}", PASSWORD)
    await gateway.sign_in(email, f"{PASSWORD}-wrong")
    await gateway.refresh(f"{renewed['refresh_token']}-wrong")
    await gateway.auth("POST", "/signup", content=b'{"password": "%b"' % PASSWORD.encode())
    bad = {"Authorization": f"Bearer {renewed['access_token']}x"}
    await gateway.auth("GET", "/user", headers=bad)
    await gateway.http.get("/rest/v1/nothing", headers=bad)
    await gateway.http.get(f"/rest/v1/subjects?apikey={gateway.secret_key}", headers={"apikey": ""})
    sent = {"password": f"{PASSWORD}-2", "email": f"y{email}"}
    await gateway.auth("PUT", "/user", json=sent, headers=bearer(renewed))
    await gateway.auth("POST", "/logout", headers=bearer(renewed))
    return [
        PASSWORD,
        session["refresh_token"],
        renewed["refresh_token"],
        renewed["access_token"],
        renewed["access_token"].split(".")[2],
        gateway.secret_key,
        "$2b$",
        email,
    ]


async def test_a_gateway_logs_no_secret(
    make_gateway: Make, email: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for quiet in ("httpx", "httpcore", "asyncio", "uvicorn"):
        caplog.set_level(logging.WARNING, quiet)  # the client's side is not ours
    async with make_gateway() as gateway:
        secrets = await everything(gateway, email)
    assert not [secret for secret in secrets if secret in caplog.text]


async def test_the_stacks_log_files_hold_no_secret(
    gateway: Gateway, stack: StackEnv, stack_data: Path, email: str
) -> None:
    if not Layout.at(stack_data).keys.exists():
        pytest.skip("a given Supabase keeps its logs to itself")
    secrets = await everything(gateway, email)
    for file in Layout.at(stack_data).logs.iterdir():
        text = file.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], file.name


async def test_a_failed_sign_up_is_logged_without_the_row(
    make_gateway: Make,
    stack: StackEnv,
    stack_data: Path,
    email: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # A check that fails quotes the whole row in its detail, the password's hash too.
    admin = make_conninfo(stack.database_url, user="supabase_admin")
    check = "alter table auth.users {} constraint not_this_one"
    async with (
        await AsyncConnection.connect(admin, autocommit=True) as conn,
        make_gateway() as gateway,
    ):
        condition = f" check (email <> '{email}') not valid"
        await conn.execute((check.format("add") + condition).encode())
        try:
            sent = {"email": email, "password": PASSWORD}
            answer = await gateway.auth("POST", "/signup", json=sent)
        finally:
            await conn.execute(check.format("drop").encode())
    assert answer.status_code == 500
    of_postgres = Layout.at(stack_data).log("postgres").read_text(errors="replace")
    for text in (caplog.text, of_postgres):
        assert "not_this_one" in text, "the reason is logged"
        assert "$2b$" not in text
    assert email not in caplog.text
