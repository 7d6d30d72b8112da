"""A person's calendar, by a secret address that can be ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from tests.functions.house import House
from tests.functions.serving import serve
from tests.functions.test_calendar_file import second_opinion
from tests.support.people import Person, sign_up


async def calendar_of(house: House, person: Person) -> tuple[str, str]:
    made = await house.rpc(person, "create_calendar_feed")
    return str(made["id"]), f"/calendar-feed/{made['token']}.ics"


def summaries(file: bytes) -> set[str]:
    events: list[Any] = Calendar.from_ical(file).walk("VEVENT")
    return {str(event["SUMMARY"]) for event in events}


async def test_only_own_sessions_and_open_requests(house: House) -> None:
    ada, eve = await sign_up(house.stack, "Ada"), await sign_up(house.stack, "Eve")
    grace = await sign_up(house.stack, "Grace", mentor=True)
    await house.book(ada, grace, ahead=timedelta(days=2), title="Algebra")
    await house.ask(ada, grace, ahead=timedelta(days=3), title="Logic")
    await house.book(eve, grace, ahead=timedelta(days=4), title="Secrets")
    dropped = await house.book(ada, grace, ahead=timedelta(days=5), title="Dropped")
    await house.rpc(ada, "cancel_session", session_id=dropped["id"], reason="No time.")
    _, address = await calendar_of(house, ada)
    async with serve(house) as functions:
        answer = await functions.http.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert summaries(answer.content) == {"Algebra with Grace", "Asked for: Logic with Grace"}
    assert {event["status"] for event in second_opinion(answer.content)} == {
        "CONFIRMED",
        "TENTATIVE",
    }
    assert "@example.test" not in answer.text


async def test_what_has_not_changed_is_not_sent_again(house: House) -> None:
    ada = await sign_up(house.stack, "Ada")
    grace = await sign_up(house.stack, "Grace", mentor=True)
    await house.book(ada, grace, ahead=timedelta(days=2))
    _, address = await calendar_of(house, ada)
    async with serve(house) as functions:
        first = await functions.http.get(address)
        known = {"if-none-match": first.headers["etag"]}
        second = await functions.http.get(address, headers=known)
        assert (second.status_code, second.content) == (304, b"")
        assert second.headers["etag"] == first.headers["etag"]
        weak = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
        assert (await functions.http.get(address, headers=weak)).status_code == 304
        await house.book(ada, grace, ahead=timedelta(days=3), title="More")
        third = await functions.http.get(address, headers=known)
    assert third.status_code == 200
    assert "More with Grace" in summaries(third.content)


async def test_an_ended_calendar_is_gone(house: House) -> None:
    ada, eve = await sign_up(house.stack, "Ada"), await sign_up(house.stack, "Eve")
    feed_id, address = await calendar_of(house, ada)
    _, other = await calendar_of(house, ada)

    async def end(person: Person) -> None:
        async with httpx.AsyncClient(base_url=house.stack.supabase_url) as http:
            await http.delete(
                "/rest/v1/calendar_feeds",
                params={"id": f"eq.{feed_id}"},
                headers=person.headers(house.stack),
            )

    async with serve(house) as functions:
        await end(eve)
        assert (await functions.http.get(address)).status_code == 200, "not hers to end"
        await end(ada)
        gone = await functions.http.get(address)
        assert (gone.status_code, gone.json()["code"]) == (404, "feed_not_found")
        assert (await functions.http.get(other)).status_code == 200


async def test_only_the_hash_of_the_secret_is_kept(house: House) -> None:
    ada = await sign_up(house.stack, "Ada")
    _, address = await calendar_of(house, ada)
    async with httpx.AsyncClient(base_url=house.stack.supabase_url) as http:
        rows = await http.get(
            "/rest/v1/calendar_feeds",
            params={"select": "*"},
            headers=ada.headers(house.stack),
        )
        assert rows.status_code in (401, 403), "the hash is nobody's to read"
    token = address.removeprefix("/calendar-feed/").removesuffix(".ics")
    changed = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    async with serve(house) as functions:
        assert (await functions.http.get(f"/calendar-feed/{token}")).status_code == 200
        assert (await functions.http.get(f"/calendar-feed/{changed}.ics")).status_code == 404


@pytest.mark.parametrize("token", ["x", "x.ics", "A" * 54, "%20", "ü", "A" * 5000])
async def test_a_made_up_address(house: House, token: str) -> None:
    async with serve(house) as functions:
        answer = await functions.http.get(f"/calendar-feed/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "feed_not_found")
