"""The same app behind each kind of host, called as that host calls it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from datetime import timedelta
from typing import Any

import httpx
import pytest

from functions.errors import BadSettings
from functions.settings import REQUIRED, Settings
from tests.functions.deployment import deployed, environment
from tests.functions.house import House
from tests.functions.receivers import MailServer
from tests.functions.serving import SCHEDULER
from tests.support.people import sign_up
from tests.support.stack import REPO

INVOKE = """
import json, sys
from functions.lambda_handler import handler
print(json.dumps([handler(event, None) for event in json.load(sys.stdin)]))
"""
AUTH = SCHEDULER["authorization"]


async def invoked(settings: Settings, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """What the Lambda handler gives for events, in a process of its own, like a sandbox."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error::DeprecationWarning:functions", "-c", INVOKE,
        cwd=REPO, env=environment(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(json.dumps(events).encode())
    assert process.returncode == 0, err.decode()
    found: list[dict[str, Any]] = json.loads(out)
    return found


def function_url(method: str, path: str, body: str = "", **headers: str) -> dict[str, Any]:
    """A function URL's event, which is also API Gateway's version 2."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "abc.lambda-url.eu-central-1.on.aws", **headers},
        "requestContext": {
            "domainName": "abc.lambda-url.eu-central-1.on.aws",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "test",
            },
            "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1795348800000,
        },
        "body": base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }  # fmt: skip


def gateway_one(method: str, path: str, **headers: str) -> dict[str, Any]:
    """API Gateway's version 1."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "resourcePath": "/{proxy+}", "httpMethod": method, "path": path, "stage": "prod",
            "identity": {"sourceIp": "192.0.2.1"}, "requestId": "id",
        },
        "body": None,
        "isBase64Encoded": False,
    }  # fmt: skip


def load_balancer(method: str, path: str, **headers: str) -> dict[str, Any]:
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x:1:y"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": headers,
        "body": "",
        "isBase64Encoded": False,
    }


SCHEDULED = {
    "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events",
    "account": "1", "time": "2026-11-22T12:00:00Z", "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:1:rule/minute"], "detail": {},
}  # fmt: skip


async def test_lambda_answers_every_shape_of_event(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    feed = await house.rpc(mentor, "create_calendar_feed")
    answers = await invoked(
        house.settings(smtp_url=mails.url),
        function_url("GET", "/health"),
        function_url("POST", "/deliver", "{}", authorization=AUTH),
        function_url("POST", "/deliver", '{"max_items": "x"}', authorization=AUTH),
        function_url("GET", f"/calendar-feed/{feed['token']}.ics"),
        gateway_one("GET", "/health"),
        gateway_one("POST", "/timed-work"),
        gateway_one("POST", "/timed-work", authorization=AUTH),
        load_balancer("GET", "/no-such-function"),
        SCHEDULED,
        function_url("GET", "/health"),
    )
    *http, scheduled, last = answers
    assert [answer["statusCode"] for answer in (*http, last)] == [
        200, 200, 400, 200, 200, 401, 200, 404, 200,
    ]  # fmt: skip
    assert json.loads(http[1]["body"])["sent"] == 1
    assert "BEGIN:VCALENDAR" in http[3]["body"]
    assert scheduled["deliveries"]["claimed"] == 0
    assert len(mails.received) == 1


async def test_uvicorn_serves_it_from_the_environment(house: House, mails: MailServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    async with (
        deployed(house.settings(smtp_url=mails.url)) as url,
        httpx.AsyncClient(base_url=url, timeout=15) as http,
    ):
        done = await http.post("/timed-work", headers=SCHEDULER)
        assert (done.status_code, done.json()["deliveries"]["sent"]) == (200, 1)
        lost = await http.get("/nothing/here")
        assert (lost.status_code, lost.json()["code"]) == (404, "not_found")
        wrong = await http.delete("/deliver")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
        hello = await http.options(
            "/webhooks",
            headers={
                "origin": "https://app.example.test",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type",
            },
        )
        assert hello.headers["access-control-allow-origin"] == "*"


async def test_a_database_that_is_away_is_an_answer_not_a_crash(house: House) -> None:
    async with (
        deployed(house.settings(supabase_url="http://127.0.0.1:1")) as url,
        httpx.AsyncClient(base_url=url, timeout=15) as http,
    ):
        for answer in (
            await http.get("/calendar-feed/" + "A" * 54),
            await http.post("/timed-work", headers=SCHEDULER),
            await http.post("/deliver", headers=SCHEDULER),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


def test_what_is_not_set_is_named() -> None:
    with pytest.raises(BadSettings) as missing:
        Settings.from_mapping({})
    for name in REQUIRED:
        assert name in str(missing.value)
    good = dict.fromkeys(REQUIRED, "x" * 40) | {
        "SUPABASE_URL": "https://abc.supabase.co/",
        "FUNCTIONS_URL": "https://functions.example.test/",
    }
    settings = Settings.from_mapping(good)
    assert settings.supabase_url == "https://abc.supabase.co"
    for change in (
        {"MENTORKIT_SIGNING_KEY": "short"},
        {"MENTORKIT_TIMED_WORK_SECRET": "short"},
        {"SUPABASE_URL": "abc.supabase.co"},
        {"MENTORKIT_SMTP_URL": "http://mail.example.test"},
    ):
        with pytest.raises(BadSettings):
            Settings.from_mapping(good | change)


def test_importing_the_adapters_needs_no_settings() -> None:
    assert "MENTORKIT_SIGNING_KEY" not in os.environ
    import functions.asgi
    import functions.lambda_handler

    assert callable(functions.asgi.app)
    assert callable(functions.lambda_handler.handler)


def test_the_image_copies_what_there_is() -> None:
    lines = (REPO / "functions" / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, _ = line.split()[1:]
            for source in sources:
                assert (REPO / source).exists(), source
    assert any("functions.asgi:app" in line for line in lines)
