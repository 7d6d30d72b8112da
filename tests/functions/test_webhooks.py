"""Other programs are told, can check who told them, and can ask again."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from functions import webhook_signing
from tests.functions.house import House
from tests.functions.receivers import CallServer
from tests.functions.serving import Functions, serve
from tests.support.people import Person, sign_up


def bearer(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.access_token}"}


async def subscribe(functions: Functions, person: Person, **fields: Any) -> dict[str, Any]:
    answer = await functions.http.post("/webhooks", headers=bearer(person), json=fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def select(house: House, person: Person, table: str, **query: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=house.stack.supabase_url) as http:
        answer = await http.get(
            f"/rest/v1/{table}", params=query, headers=person.headers(house.stack)
        )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def test_a_receiver_verifies_with_the_public_library(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house) as functions:
        made = await subscribe(functions, mentor, url=f"{calls.url}/in", kinds=["request_created"])
        request = await house.ask(student, mentor, ahead=timedelta(days=2))
        await house.rpc(student, "withdraw_request", request_id=request)
        await functions.deliver()
    (call,) = calls.calls
    event = Webhook(made["secret"]).verify(call.body, call.headers)
    assert event["type"] == "request_created"
    assert event["data"]["request_id"] == request
    assert event["data"]["title"] == "Algebra"
    assert "@example.test" not in call.body.decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(call.body + b" ", call.headers)
    other = "whsec_" + base64.b64encode(b"x" * 30).decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(call.body, call.headers)


async def test_attempts_are_logged_and_retried_under_one_id(
    house: House, calls: CallServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    calls.answers = [(500, {}), (302, {"location": f"{calls.url}/elsewhere"}), (204, {})]
    now = [datetime.now(UTC)]
    async with serve(house, clock=lambda: now[0]) as functions:
        made = await subscribe(functions, mentor, url=f"{calls.url}/in")
        await house.ask(student, mentor, ahead=timedelta(days=2))
        now[0] = datetime.now(UTC)
        for _ in range(3):
            await functions.deliver()
            now[0] += timedelta(minutes=2)
    assert [call.path for call in calls.calls] == ["/in"] * 3
    assert len({call.headers["webhook-id"] for call in calls.calls}) == 1
    assert len({call.body for call in calls.calls}) == 1
    Webhook(made["secret"]).verify(calls.calls[0].body, calls.calls[0].headers)
    attempts = await select(house, mentor, "webhook_attempts", order="id")
    assert [attempt["response_status"] for attempt in attempts] == [500, 302, 204]
    assert await select(house, student, "webhook_attempts") == []


async def test_a_delivery_is_replayed_by_its_owner(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house) as functions:
        made = await subscribe(functions, mentor, url=f"{calls.url}/in")
        await house.ask(student, mentor, ahead=timedelta(days=2))
        (row,) = await select(
            house, mentor, "notification_deliveries", select="id,status", channel="eq.webhook"
        )
        replay = f"/webhooks/deliveries/{row['id']}/replay"
        early = await functions.http.post(replay, headers=bearer(mentor))
        assert (early.status_code, early.json()["code"]) == (409, "delivery_under_way")
        await functions.deliver()
        foreign = await functions.http.post(replay, headers=bearer(student))
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
        nobody = await functions.http.post(replay)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "not_signed_in")
        assert (await functions.http.post(replay, headers=bearer(mentor))).status_code == 200
        await functions.deliver()
    first, second = calls.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    Webhook(made["secret"]).verify(second.body, second.headers)


async def test_a_receiver_that_is_gone_is_switched_off(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    calls.answers = [(410, {})]
    async with serve(house) as functions:
        await subscribe(functions, mentor, url=f"{calls.url}/in")
        await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
        await house.ask(student, mentor, ahead=timedelta(days=3))
        await functions.deliver()
    assert len(calls.calls) == 1
    (endpoint,) = await select(house, mentor, "webhook_endpoints", select="enabled,failures")
    assert endpoint == {"enabled": False, "failures": 1}


async def test_private_addresses_are_refused_with_a_code(house: House) -> None:
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house, allow_private_targets=False) as functions:
        for url, code in (
            ("http://example.test/", "bad_url"),
            ("https://127.0.0.1/", "address_refused"),
            ("https://169.254.169.254/latest/meta-data/", "address_refused"),
            ("https://[::ffff:10.0.0.1]/", "address_refused"),
            ("https://0x7f000001/", "address_refused"),
            ("https://no-such-host.invalid/", "host_unknown"),
        ):
            answer = await functions.http.post(
                "/webhooks", headers=bearer(mentor), json={"url": url}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_an_endpoint_written_past_the_functions_is_checked_at_the_call(
    house: House, calls: CallServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    url = f"https://127.0.0.1:{calls.port}/in"
    await house.insert(mentor, "webhook_endpoints", {"url": url})
    await house.ask(student, mentor, ahead=timedelta(days=2))
    async with serve(house, allow_private_targets=False) as functions:
        assert (await functions.deliver()).retried == 1
    assert calls.calls == []
    (attempt,) = await select(house, mentor, "webhook_attempts")
    assert attempt["outcome"] == "That host may not be called from here."


async def test_a_new_secret_ends_the_old_one(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house) as functions:
        made = await subscribe(functions, mentor, url=f"{calls.url}/in")
        fresh = await house.rpc(mentor, "rotate_webhook_secret", endpoint_id=made["id"])
        await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
    (call,) = calls.calls
    Webhook(fresh).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(call.body, call.headers)


async def test_a_body_is_refused_with_a_code(house: House) -> None:
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    async with serve(house) as functions:
        for content, status, code in (
            (b"{", 400, "bad_body"),
            (b"[]", 400, "bad_body"),
            (b"\xff\xfe", 400, "bad_body"),
            (b"[" * 60000, 400, "bad_body"),
            (b'{"url": 7}', 400, "bad_body"),
            (b'{"url": "https://a.test/", "secret": "x"}', 400, "bad_body"),
            (b'{"url": "https://a.test/\\u0000"}', 400, "bad_body"),
            (b'{"url": "' + b"a" * 100_000 + b'"}', 413, "body_too_large"),
        ):
            answer = await functions.http.post("/webhooks", headers=bearer(mentor), content=content)
            assert (answer.status_code, answer.json()["code"]) == (status, code), content[:40]
        wrong = await functions.http.post(
            "/webhooks",
            headers={"authorization": "Bearer abc.def.ghi"},
            json={"url": "gopher://127.0.0.1/"},
        )
        assert (wrong.status_code, wrong.json()["code"]) == (401, "not_signed_in")


def test_our_signature_is_what_the_library_makes() -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(30))).decode()
    at = datetime.now(UTC)
    body = json.dumps({"type": "é"}).encode()
    ours = webhook_signing.headers(secret, "msg_1", at, body)
    assert ours["webhook-signature"] == Webhook(secret).sign("msg_1", at, body.decode())
    Webhook(secret).verify(body, ours)
    for wrong in ("whsec_!!!", "no prefix", "whsec_" + base64.b64encode(b"short").decode()):
        with pytest.raises(ValueError, match="webhook secret"):
            webhook_signing.secret_bytes(wrong)
