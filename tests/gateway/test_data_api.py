"""/rest/v1: what PostgREST says arrives as it was said, whatever its size and framing."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.gateway.serving import Gateway, bearer
from tests.support.campaign import size

ITEMS = "/rest/v1/items"
ECHO = "/rest/v1/rpc/echo"
OBJECT = "application/vnd.pgrst.object+json"


@pytest.fixture
async def member(api: Gateway, email: str) -> dict[str, str]:
    """Headers of somebody who is signed in."""
    return bearer(await api.sign_up(email))


def named(count: int = 1) -> list[dict[str, str]]:
    return [{"name": uuid.uuid4().hex} for _ in range(count)]


async def write(
    api: Gateway, method: str, query: str, rows: Any, headers: dict[str, str], prefer: str = ""
) -> httpx.Response:
    """A write that asks for its rows."""
    asked = {**headers, "Prefer": f"return=representation{prefer}"}
    return await api.http.request(method, f"{ITEMS}{query}", json=rows, headers=asked)


async def test_rows_are_made_changed_and_removed_under_row_security(
    api: Gateway, member: dict[str, str], email: str
) -> None:
    (row,) = named()
    made = await write(api, "POST", "", row, member)
    assert made.status_code == 201
    item = made.json()[0]
    by_id = f"?id=eq.{item['id']}"
    changed = await write(api, "PATCH", by_id, {"price": 9.5}, member)
    assert (changed.status_code, changed.json()[0]["price"]) == (200, 9.5)
    stranger = bearer(await api.sign_up(f"other.{email}"))
    untouched = await write(api, "PATCH", by_id, {"price": 1}, stranger)
    assert (untouched.status_code, untouched.json()) == (200, [])
    quiet = await api.http.delete(f"{ITEMS}{by_id}", headers=member)
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert (await api.http.get(f"{ITEMS}{by_id}")).json() == []


async def test_refusals_come_with_their_code(api: Gateway, member: dict[str, str]) -> None:
    anonymous = await write(api, "POST", "", named(), {})
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "42501")
    theirs = [{**named()[0], "owner": str(uuid.uuid4())}]
    not_own = await write(api, "POST", "", theirs, member)
    assert (not_own.status_code, not_own.json()["code"]) == (403, "42501")
    row = named()
    await write(api, "POST", "", row, member)
    twice = await write(api, "POST", "", row, member)
    assert (twice.status_code, twice.json()["code"]) == (409, "23505")
    unknown = await api.http.get("/rest/v1/nothing")
    assert unknown.status_code == 404
    assert unknown.json()["code"] in ("PGRST205", "42P01")


async def test_a_refusal_by_a_function_keeps_status_code_and_headers(api: Gateway) -> None:
    answer = await api.http.post("/rest/v1/rpc/refuse")
    assert answer.status_code == 409
    assert answer.json()["code"] == "slot_taken"
    assert answer.headers["x-why"] == "taken"


async def test_an_upsert_makes_or_changes(api: Gateway, member: dict[str, str]) -> None:
    row = named()[0]
    merge = ",resolution=merge-duplicates"
    first = await write(api, "POST", "?on_conflict=name", row, member, merge)
    again = await write(api, "POST", "?on_conflict=name", {**row, "price": 3}, member, merge)
    assert first.json()[0]["id"] == again.json()[0]["id"]
    assert again.json()[0]["price"] == 3
    ignored = await write(
        api, "POST", "?on_conflict=name", row, member, ",resolution=ignore-duplicates"
    )
    assert ignored.json() == []


async def test_counts_ranges_and_single_rows(api: Gateway, member: dict[str, str]) -> None:
    rows = named(5)
    names = ",".join(row["name"] for row in rows)
    made = await write(api, "POST", "?columns=name", rows, member)
    assert len(made.json()) == 5
    own = f"{ITEMS}?name=in.({names})&order=id"
    page = await api.http.get(f"{own}&offset=1&limit=2", headers={"Prefer": "count=exact"})
    assert (page.status_code, page.headers["content-range"]) == (206, "1-2/5")
    head = await api.http.head(own, headers={"Prefer": "count=exact"})
    assert (head.headers["content-range"], head.content) == ("0-4/5", b"")
    one = await api.http.get(f"{own}&limit=1", headers={"Accept": OBJECT})
    assert one.json()["name"] == rows[0]["name"]
    many = await api.http.get(own, headers={"Accept": OBJECT})
    assert (many.status_code, many.json()["code"]) == (406, "PGRST116")
    ranged = await api.http.get(own, headers={"Range": "0-1", "Range-Unit": "items"})
    assert len(ranged.json()) == 2


async def test_many_heads_leave_the_connections_usable(api: Gateway) -> None:
    for _ in range(5):
        assert (await api.http.head(ITEMS)).status_code == 200
        assert (await api.http.get(f"{ITEMS}?limit=1")).status_code == 200


async def test_functions_are_called_by_post_and_get(api: Gateway) -> None:
    posted = await api.http.post("/rest/v1/rpc/total", json={"numbers": [1, 2, 3]})
    assert posted.json() == 6
    got = await api.http.get("/rest/v1/rpc/total?numbers={1,2,3}")
    assert got.json() == 6
    missing = await api.http.post("/rest/v1/rpc/total", json={"letters": []})
    assert (missing.status_code, missing.json()["code"]) == (404, "PGRST202")


async def test_escaped_paths_and_queries_arrive_as_they_were_sent(
    api: Gateway, member: dict[str, str]
) -> None:
    name = f"100% & more/{uuid.uuid4().hex}?ü,(x)"
    await write(api, "POST", "", {"name": name, "tags": ["a&b"]}, member)
    found = await api.http.get(ITEMS, params={"name": f"eq.{name}", "tags": 'cs.{"a&b"}'})
    assert [row["name"] for row in found.json()] == [name]
    encoded = await api.http.get("/rest/v1/ite%6ds?limit=1")
    assert encoded.status_code == 200


async def test_a_large_answer_arrives_whole(api: Gateway) -> None:
    characters = size(4_000_000, 60_000_000)
    call = {"characters": characters}
    answer = await api.http.post("/rest/v1/rpc/much", json=call, timeout=60)
    assert len(answer.json()) == characters


async def test_a_large_request_arrives_whole(api: Gateway) -> None:
    value = {"text": "y" * size(4_000_000, 40_000_000)}
    answer = await api.http.post(ECHO, json={"value": value}, timeout=60)
    assert answer.json() == value


async def test_a_request_without_a_known_length_arrives_whole(api: Gateway) -> None:
    value = {"numbers": list(range(50_000))}
    whole = json.dumps({"value": value}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 10_000):
            yield whole[start : start + 10_000]

    headers = {"Content-Type": "application/json"}
    answer = await api.http.post(ECHO, content=pieces(), headers=headers)
    assert answer.json() == value


async def test_a_large_body_that_is_refused_is_answered(
    api: Gateway, member: dict[str, str]
) -> None:
    body = b"[" + b" " * 3_000_000
    headers = {**member, "Content-Type": "application/json"}
    answer = await api.http.post(ITEMS, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")
    nowhere = await api.http.post("/rest/v1/nothing", content=body, headers=headers)
    assert nowhere.status_code in (400, 404)
    assert (await api.http.get(f"{ITEMS}?limit=1")).status_code == 200


async def test_many_at_once_each_get_their_own_answer(api: Gateway) -> None:
    count = size(100, 3000)
    places = asyncio.Semaphore(100)  # more would wait for each other in the client, which is slow

    async def ask(number: int) -> object:
        async with places:
            answer = await api.http.post(ECHO, json={"value": {"number": number}})
            return answer.json()

    answers = await asyncio.gather(*(ask(number) for number in range(count)))
    assert answers == [{"number": number} for number in range(count)]


async def test_a_client_that_leaves_early_harms_nobody(api: Gateway) -> None:
    call = {"characters": 5_000_000}
    for _ in range(3):
        async with api.http.stream("POST", "/rest/v1/rpc/much", json=call) as answer:
            assert answer.status_code == 200
    assert (await api.http.get(f"{ITEMS}?limit=1")).status_code == 200


async def test_one_connection_serves_many_requests(api: Gateway) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    line = f"GET {ITEMS}?limit=0 HTTP/1.1\r\nHost: x\r\napikey: {api.publishable_key}\r\n\r\n"
    for _ in range(20):
        writer.write(line.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" not in head.lower()
        while await reader.readline() != b"0\r\n":
            pass
        await reader.readline()
    writer.close()
    await writer.wait_closed()
