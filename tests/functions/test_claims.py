"""Whoever holds a claim sends, and nobody else; a claim ends by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from tests.functions.house import House
from tests.functions.receivers import MailServer
from tests.functions.serving import Functions, serve
from tests.support.people import sign_up
from tests.support.wait import eventually


async def ask(house: House, count: int = 1) -> None:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    for number in range(count):
        await house.ask(student, mentor, ahead=timedelta(days=2 + number))


async def claim(functions: Functions, lease: float = 60) -> list[dict[str, Any]]:
    answer = await functions.context.supabase.as_service(
        "claim_deliveries", max_items=10, lease_seconds=lease
    )
    found: list[dict[str, Any]] = answer["deliveries"]
    return found


async def finish(functions: Functions, held: dict[str, Any]) -> int:
    result = {"id": held["id"], "claim": held["claim"], "status": "sent"}
    answer = await functions.context.supabase.as_service("finish_deliveries", results=[result])
    return int(answer["finished"])


async def test_a_lapsed_claim_is_taken_over_and_closes_nothing(house: House) -> None:
    await ask(house)
    async with serve(house) as functions:
        (first,) = await claim(functions, lease=1)
        assert await claim(functions) == []
        (second,) = await eventually(lambda: claim(functions))
        assert (second["id"], second["attempts"]) == (first["id"], 1)
        assert await finish(functions, first) == 0
        assert await finish(functions, second) == 1
        assert await finish(functions, second) == 0


async def test_many_claim_at_once_and_share(house: House) -> None:
    await ask(house, 9)
    async with serve(house) as functions:
        shares = await asyncio.gather(*(claim(functions) for _ in range(6)))
    ids = [held["id"] for share in shares for held in share]
    assert len(ids) == 9
    assert len(set(ids)) == 9


async def test_what_a_slow_server_keeps_us_from_sending_is_put_back(
    house: House, mails: MailServer
) -> None:
    await ask(house, 4)
    mails.silent = True
    slow: dict[str, Any] = {
        "parallel": 1,
        "lease": timedelta(seconds=2.5),
        "send_timeout": timedelta(seconds=1),
        "work_time": timedelta(seconds=1),
    }
    async with serve(house, smtp_url=mails.url, **slow) as functions:
        report = await functions.deliver()
        assert report.lost == 0
        assert report.retried >= 1
        assert report.deferred >= 1
        assert report.retried + report.deferred == 4
    rows = await house.sql("select attempts from public.notification_deliveries order by 1")
    assert [row[0] for row in rows] == [0] * report.deferred + [1] * report.retried


async def test_nobody_else_may_claim(house: House) -> None:
    person = await sign_up(house.stack, "Ada")
    async with httpx.AsyncClient(base_url=house.stack.supabase_url) as http:
        for function, arguments in (
            ("claim_deliveries", {}),
            ("finish_deliveries", {"results": []}),
            ("dead_deliveries", {}),
            ("revive_delivery", {"delivery_id": person.id}),
            ("answer_request", {"link_id": person.id, "answer": "approve"}),
            ("answer_link", {"link_id": person.id}),
            ("calendar_feed", {"feed_id": person.id}),
            ("unsubscribe", {"user_id": person.id, "kind": "request_created"}),
        ):
            for token in (person.access_token, house.stack.publishable_key):
                answer = await http.post(
                    f"/rest/v1/rpc/{function}",
                    headers={
                        "apikey": house.stack.publishable_key,
                        "authorization": f"Bearer {token}",
                    },
                    json=arguments,
                )
                assert answer.status_code in (401, 403, 404), function
