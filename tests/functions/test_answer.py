"""Approve and reject from a mail: by the holder of the link, once, while it is worth anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from functions.context import system_clock
from tests.functions.house import House
from tests.functions.receivers import MailServer, links_in
from tests.functions.serving import Functions, serve
from tests.support.people import Person, sign_up


@dataclass(frozen=True)
class Asked:
    functions: Functions
    house: House
    student: Person
    mentor: Person
    request: str
    link: str

    async def status(self) -> str:
        rows = await self.house.sql(
            "select status from public.session_requests where id = %s", self.request
        )
        return str(rows[0][0])

    async def post(self, **form: str) -> httpx.Response:
        return await self.functions.http.post(self.link, data=form)


@asynccontextmanager
async def asked(house: House, mails: MailServer) -> AsyncIterator[Asked]:
    student = await sign_up(house.stack, "Ada")
    mentor = await sign_up(house.stack, "Grace", mentor=True)
    request = await house.ask(student, mentor, ahead=timedelta(days=2))
    async with serve(house, smtp_url=mails.url) as functions:
        await functions.deliver()
        links = (link for link in links_in(mails.received[-1]) if "/answer/" in link)
        yield Asked(functions, house, student, mentor, request, next(links).split("?")[0])


async def test_looking_changes_nothing_and_the_button_approves(
    house: House, mails: MailServer
) -> None:
    async with asked(house, mails) as case:
        for _ in range(2):
            page = await case.functions.http.get(case.link, params={"answer": "approve"})
            assert page.status_code == 200
            assert "Ada asks for this session." in page.text
        assert (await case.functions.http.head(case.link)).status_code == 200
        assert await case.status() == "pending"
        done = await case.post(answer="approve")
        assert done.status_code == 200
        assert "room-" in done.text
        assert await case.status() == "approved"
        rows = await house.sql(
            "select s.mentor_id::text, e.actor_id::text from public.sessions as s "
            "join public.session_events as e on e.session_id = s.id "
            "where e.kind = 'request_approved' and s.request_id = %s",
            case.request,
        )
        assert rows == [(case.mentor.id, case.mentor.id)], "it was the mentor who answered"


async def test_the_page_tells_nobody_its_address(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        page = await case.functions.http.get(case.link)
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_rejection_asks_for_its_reason(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        for nothing in ("", "   ", "\u200b\u200b"):
            refused = await case.post(answer="reject", reason=nothing)
            assert refused.status_code == 400
        assert await case.status() == "pending"
        done = await case.post(answer="reject", reason="I am away that week.")
        assert done.status_code == 200
        assert await case.status() == "rejected"
        await case.functions.deliver()
    told = mails.sent_to(case.student.email)[-1].get_body(("plain",))
    assert told is not None
    assert "I am away that week." in told.get_content()


async def test_a_link_works_once(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        assert (await case.post(answer="approve")).status_code == 200
        for answer in ("approve", "reject"):
            again = await case.post(answer=answer, reason="Changed my mind.")
            assert again.status_code == 409
            assert "has been used" in again.text
        assert (await case.functions.http.get(case.link)).status_code == 409
        assert await case.status() == "approved"


async def test_of_many_at_once_one_is_taken(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        answers = await asyncio.gather(
            *(case.post(answer=a, reason="No.") for a in ["approve", "reject"] * 4)
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_a_link_ends_with_its_request(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        later = system_clock() + timedelta(days=2)
        async with serve(house, clock=lambda: later) as tomorrow:
            assert (await tomorrow.http.get(case.link)).status_code == 410
            late = await tomorrow.http.post(case.link, data={"answer": "approve"})
            assert late.status_code == 410
        await house.rpc(case.student, "withdraw_request", request_id=case.request)
        assert (await case.functions.http.get(case.link)).status_code == 409
        assert (await case.post(answer="approve")).status_code == 409
        assert await case.status() == "cancelled"


async def test_a_refused_answer_leaves_the_link_good(house: House, mails: MailServer) -> None:
    async with asked(house, mails) as case:
        assert (await case.post(answer="perhaps")).status_code == 400
        assert (await case.post()).status_code == 400
        assert (await case.post(answer="reject", reason="x" * 1001)).status_code == 400
        assert (await case.post(answer="approve")).status_code == 200


@pytest.mark.parametrize("token", ["x", "AAAA", "%00", "a" * 3000, "..%2f..%2fetc"])
async def test_a_made_up_link(house: House, token: str) -> None:
    async with serve(house) as functions:
        for call in (functions.http.get, functions.http.post):
            answer = await call(f"/answer/{token}")
            assert answer.status_code in (400, 404)
