"""Notices reach people as mail, through a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from functions.app import create_context
from functions.context import Context
from tests.functions.house import House
from tests.functions.receivers import MailServer, calendar_of
from tests.support.people import sign_up


@asynccontextmanager
async def functions_of(house: House, mails: MailServer, **changes: Any) -> AsyncIterator[Context]:
    context = create_context(house.settings(smtp_url=mails.url, **changes))
    try:
        yield context
    finally:
        await context.aclose()


async def test_a_request_reaches_its_mentor_and_the_approval_both(
    house: House, mails: MailServer
) -> None:
    student = await sign_up(house.stack, "Ada Lovelace")
    mentor = await sign_up(house.stack, "Grace Höpper", mentor=True)
    async with functions_of(house, mails) as context:
        request = await house.ask(student, mentor, ahead=timedelta(days=2))
        report = await context.deliverer.run()
        assert (report.claimed, report.sent) == (1, 1)
        await house.rpc(mentor, "approve_request", request_id=request)
        assert (await context.deliverer.run()).sent == 2
    asked, *approved = mails.received
    assert asked["To"] == f"Grace Höpper <{mentor.email}>"
    assert asked["Subject"] == "Ada Lovelace asks for a session: Algebra"
    assert asked["Reply-To"] == "help@example.test"
    assert str(asked["List-Unsubscribe"]).startswith("<https://functions.example.test/unsubscribe/")
    assert calendar_of(asked) is not None
    assert {str(mail["Subject"]) for mail in approved} == {
        "Approved: Algebra with Grace Höpper",
        "In your calendar: Algebra with Ada Lovelace",
    }
