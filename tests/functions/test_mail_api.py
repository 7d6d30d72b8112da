"""Mail through a provider's HTTP interface, with a real receiver."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from tests.functions.house import House
from tests.functions.receivers import CallServer
from tests.functions.serving import serve
from tests.support.people import sign_up


async def test_a_provider_gets_the_whole_mail_once(house: House, calls: CallServer) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    calls.answers = [(429, {"retry-after": "30"})]
    now = [datetime.now(UTC)]
    async with serve(
        house, clock=lambda: now[0], mail_api_url=f"{calls.url}/emails", mail_api_key="re_123"
    ) as functions:
        assert (await functions.deliver()).retried == 1
        now[0] += timedelta(seconds=29)
        assert (await functions.deliver()).claimed == 0, "the provider asked for patience"
        now[0] += timedelta(seconds=5)
        assert (await functions.deliver()).sent == 1
    first, second = calls.calls
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["authorization"] == "Bearer re_123"
    mail = json.loads(second.body)
    assert mail["to"] == [f"Grace <{mentor.email}>"]
    assert mail["subject"] == "Ada asks for a session: Algebra"
    assert mail["reply_to"] == "help@example.test"
    assert mail["headers"]["List-Unsubscribe"].startswith("<https://")
    assert "Ada would like a session with you." in mail["html"]
    (attachment,) = mail["attachments"]
    assert "method=" in attachment["content_type"]
    calendar = Calendar.from_ical(base64.b64decode(attachment["content"]))
    assert str(calendar["METHOD"]) == "REQUEST"


async def test_a_mail_the_provider_never_takes_is_dead_at_once(
    house: House, calls: CallServer
) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    await house.ask(student, mentor, ahead=timedelta(days=2))
    calls.answers = [(422, {})]
    async with serve(house, mail_api_url=calls.url, mail_api_key="re_123") as functions:
        assert (await functions.deliver()).dead == 1
