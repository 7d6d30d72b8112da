"""Web push: encrypted for one browser, signed by us, gone browsers forgotten."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import http_ece  # type: ignore[import-untyped]
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.push import new_key
from tests.functions.house import House
from tests.functions.receivers import Call, CallServer
from tests.functions.serving import Functions, serve
from tests.support.people import Person, sign_up

KEY = new_key()
PUSH: dict[str, Any] = {"vapid_private_key": KEY, "vapid_subject": "mailto:push@example.test"}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True)
class Browser:
    """A browser with its keys, as it would subscribe."""

    private: ec.EllipticCurvePrivateKey
    auth: bytes

    def subscription(self, endpoint: str) -> dict[str, Any]:
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": b64(point), "auth": b64(self.auth)}
        return {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def read(self, call: Call) -> dict[str, Any]:
        plain = http_ece.decrypt(call.body, private_key=self.private, auth_secret=self.auth)
        shown: dict[str, Any] = json.loads(plain)
        return shown


def browser() -> Browser:
    return Browser(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))


async def register(functions: Functions, person: Person, subscription: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {person.access_token}"}
    answer = await functions.http.post("/push", headers=headers, json=subscription)
    assert answer.status_code == 201, answer.text


async def test_only_the_browser_can_read_it(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    theirs = browser()
    async with serve(house, **PUSH) as functions:
        key = (await functions.http.get("/push/key")).json()["key"]
        await register(functions, mentor, theirs.subscription(f"{calls.url}/push/1"))
        await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
    (call,) = calls.calls
    shown = theirs.read(call)
    assert shown["title"] == "Ada asks for a session: Algebra"
    assert shown["kind"] == "request_created"
    assert b"Algebra" not in call.body
    assert call.headers["content-encoding"] == "aes128gcm"
    scheme, _, rest = call.headers["authorization"].partition(" ")
    told = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, told["k"]) == ("vapid", key)
    point = base64.urlsafe_b64decode(key + "=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(told["t"], public, algorithms=["ES256"], audience=calls.url)
    assert claims["sub"] == "mailto:push@example.test"


async def test_a_gone_browser_is_forgotten(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    calls.answers = [(410, {}), (404, {})]
    async with serve(house, **PUSH) as functions:
        for name in ("gone", "lost"):
            await register(functions, mentor, browser().subscription(f"{calls.url}/{name}"))
        await house.ask(student, mentor, ahead=timedelta(days=2))
        await functions.deliver()
        left = await house.sql(
            "select count(*) from public.push_subscriptions where user_id = %s", mentor.id
        )
        assert left == [(0,)]
        await house.ask(student, mentor, ahead=timedelta(days=3))
        await functions.deliver()
    assert len(calls.calls) == 2


async def test_a_key_that_encrypts_nothing_is_forgotten(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    broken = browser().subscription(f"{calls.url}/broken")
    broken["keys"]["p256dh"] = b64(b"\x04" + bytes(64))  # no point of the curve
    async with serve(house, **PUSH) as functions:
        await register(functions, mentor, broken)
        await house.ask(student, mentor, ahead=timedelta(days=2))
        assert (await functions.deliver()).dead == 1
    assert calls.calls == []
    left = await house.sql("select count(*) from public.push_subscriptions")
    assert left == [(0,)]


async def test_a_browser_is_one_persons_at_a_time(house: House, calls: CallServer) -> None:
    first = await sign_up(house.stack, "Ada", mentor=True)
    second = await sign_up(house.stack, "Eve", mentor=True)
    student = await sign_up(house.stack, "Sam")
    shared = browser()
    async with serve(house, **PUSH) as functions:
        for person in (first, second):
            await register(functions, person, shared.subscription(f"{calls.url}/{first.id}"))
        await house.ask(student, first, ahead=timedelta(days=2), title="For Ada")
        await house.ask(student, second, ahead=timedelta(days=3), title="For Eve")
        await functions.deliver()
    assert [shared.read(call)["title"] for call in calls.calls] == [
        "Sam asks for a session: For Eve"
    ]


async def test_a_subscription_is_checked(house: House) -> None:
    person = await sign_up(house.stack, "Ada")
    good = browser().subscription("https://push.example.invalid/1")
    headers = {"authorization": f"Bearer {person.access_token}"}
    async with serve(house, allow_private_targets=False, **PUSH) as functions:
        for change, code in (
            ({"endpoint": "https://127.0.0.1/push"}, "address_refused"),
            ({"endpoint": "http://push.example.invalid/"}, "bad_url"),
            ({"keys": {"p256dh": "x"}}, "bad_body"),
            ({"keys": 7}, "bad_body"),
        ):
            answer = await functions.http.post("/push", headers=headers, json={**good, **change})
            assert (answer.status_code, answer.json()["code"]) == (400, code)
    async with serve(house, **PUSH) as functions:
        keys = {"p256dh": "not a key", "auth": "short"}
        bad = {**good, "endpoint": "http://127.0.0.1:1/", "keys": keys}
        answer = await functions.http.post("/push", headers=headers, json=bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_subscription")
    async with serve(house) as functions:
        answer = await functions.http.get("/push/key")
        assert (answer.status_code, answer.json()["code"]) == (404, "push_off")
