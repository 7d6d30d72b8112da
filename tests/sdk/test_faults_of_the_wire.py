"""What cannot be made with real parts: each the right error, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import respx

from mentorkit import AsyncMentorkit, Mentorkit, Retries
from mentorkit.errors import (
    BadAnswer,
    Closed,
    Conflict,
    Invalid,
    MentorkitError,
    Misconfigured,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotSupabase,
    RateLimited,
    SchemaTooOld,
    SlotTaken,
    TooMany,
    Unavailable,
    WrongCredentials,
    WrongKey,
)

URL = "https://project.example.test"
SUBJECTS = f"{URL}/rest/v1/subjects"
APPROVE = f"{URL}/rest/v1/rpc/approve_request"
TOKEN = "e30.eyJzdWIiOiI1ZWVkMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ.x"
QUICK = Retries(first=0.001, longest=0.01)


def refusal(status: int, code: str, message: str = "said no") -> httpx.Response:
    body = {"code": code, "message": message, "details": None, "hint": None}
    return httpx.Response(status, json=body)


def page(status: int) -> httpx.Response:
    return httpx.Response(status, html="<h1>Sorry</h1>")


Answer = httpx.Response | Exception

FAULTS: list[tuple[str, Answer, type[MentorkitError], str]] = [
    ("429 with its wish", httpx.Response(429, headers={"Retry-After": "30"}), RateLimited, "30 s"),
    ("429 by the proxy", page(429), RateLimited, "try again"),
    ("503", refusal(503, "PGRST001"), Unavailable, "try again"),
    ("520 with a page", page(520), Unavailable, "HTTP 520"),
    ("500 without a word", httpx.Response(500), Unavailable, "HTTP 500"),
    ("a log-in page", page(200), NotSupabase, "SUPABASE_URL"),
    ("a page not found", page(404), NotSupabase, "SUPABASE_URL"),
    ("no such name", httpx.ConnectError("[Errno -2] Name or service not known"), Unavailable,
     "was not found"),
    ("nothing listens", httpx.ConnectError("All connection attempts failed"), Unavailable,
     "is it up"),
    ("a bad certificate", httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] expired"),
     Unavailable, "check the clock"),
    ("no answer", httpx.ReadTimeout("timed out"), Unavailable, "in time"),
    ("no room in the pool", httpx.PoolTimeout("full"), Unavailable, "in time"),
    ("cut in the middle", httpx.RemoteProtocolError("peer closed connection"), Unavailable,
     "broke"),
    ("a wrong key", httpx.Response(401, json={"message": "Invalid API key"}), WrongKey,
     "publishable key"),
    ("half of a JSON text", httpx.Response(200, text='[{"id": "5ee'), BadAnswer, "a list was"),
    ("a row with a column missing", httpx.Response(200, json=[{"name": "x"}]), BadAnswer,
     "upgrade"),
    ("a row that is none", httpx.Response(200, json=[7]), BadAnswer, "row"),
    ("an object for a list", httpx.Response(200, json={}), BadAnswer, "list"),
    ("a body that is no JSON", httpx.Response(400, text="what?"), BadAnswer, "HTTP 400"),
    ("no such table in 12", refusal(404, "42P01"), SchemaTooOld, "supabase db push"),
    ("no such table in 16", refusal(404, "PGRST205"), SchemaTooOld, "supabase db push"),
    ("no such column", refusal(400, "42703"), SchemaTooOld, "supabase db push"),
    ("no such function", refusal(404, "PGRST202"), SchemaTooOld, "supabase db push"),
    ("an expired token in 12", refusal(401, "PGRST301", "JWT expired"), NotSignedIn, "JWT expired"),
    ("an expired token in 16", refusal(401, "PGRST303", "JWT expired"), NotSignedIn, "JWT expired"),
    ("a visitor not let in", refusal(401, "42501"), NotSignedIn, "Sign in"),
    ("nothing there in 12", refusal(406, "PGRST116"), NotFound, "no such thing"),
    ("a conflict of hours", refusal(400, "23P01", "Key (12:00) conflicts"), SlotTaken, "busy"),
    ("a deadlock", refusal(500, "40P01"), Unavailable, "try again"),
    ("a statement too long", refusal(500, "57014"), Unavailable, "try again"),
    ("a check", refusal(400, "23514", "bad"), Invalid, "bad"),
    ("twice the same", refusal(409, "23505", "twice"), Conflict, "twice"),
    ("a limit of ours", refusal(429, "too_many_open_requests", "later"), TooMany, "later"),
]  # fmt: skip


def arrange(router: respx.MockRouter, answer: Answer, url: str = SUBJECTS) -> respx.Route:
    route = router.route(url__startswith=url)
    if isinstance(answer, Exception):
        return route.mock(side_effect=answer)
    return route.mock(return_value=answer)


async def call(kind: str, work: Callable[[Any], Any], **options: Any) -> Any:
    """Do something with a client of either face."""
    if kind == "async":
        async with AsyncMentorkit(URL, "key", retries=QUICK, **options) as client:
            return await work(client)
    with Mentorkit(URL, "key", retries=QUICK, **options) as plain:
        return await asyncio.to_thread(work, plain)


@pytest.mark.parametrize(
    ("kind", "answer", "error", "says"),
    [
        pytest.param(kind, *case[1:], id=f"{case[0]}, {kind}")
        for number, case in enumerate(FAULTS)
        # What is translated is shared: every fifth is enough to see that both faces use it.
        for kind in (("async", "sync") if number % 5 == 0 else ("async",))
    ],
)
async def test_a_fault_is_told_for_what_it_is(
    kind: str, answer: Answer, error: type[MentorkitError], says: str, respx_mock: respx.MockRouter
) -> None:
    arrange(respx_mock, answer)
    with pytest.raises(error) as fault:
        await call(kind, lambda client: client.subjects.list())
    assert says.lower() in str(fault.value).lower()
    assert fault.value.code == fault.value.code.lower()


async def test_what_is_down_below_is_not_shown_to_strangers(respx_mock: respx.MockRouter) -> None:
    arrange(respx_mock, refusal(400, "23P01", "Key (mentor, 12:00) conflicts with (mentor, 12:30)"))
    with pytest.raises(SlotTaken) as fault:
        await call("async", lambda client: client.subjects.list())
    assert "12:30" not in str(fault.value)


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_reads_are_repeated_until_they_work(kind: str, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(SUBJECTS).mock(
        side_effect=[
            httpx.ConnectError("refused"),
            httpx.Response(503, headers={"Retry-After": "0"}),
            httpx.RemoteProtocolError("cut"),
            httpx.Response(200, json=[]),
        ]
    )
    assert await call(kind, lambda client: client.subjects.list()) == []
    assert route.call_count == 4


async def test_reads_are_not_repeated_for_ever(respx_mock: respx.MockRouter) -> None:
    route = arrange(respx_mock, httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        await call("async", lambda client: client.subjects.list())
    assert route.call_count == QUICK.attempts


async def test_a_long_wish_to_wait_is_handed_on(respx_mock: respx.MockRouter) -> None:
    route = arrange(respx_mock, httpx.Response(429, headers={"Retry-After": "120"}))
    with pytest.raises(RateLimited) as fault:
        await call("async", lambda client: client.subjects.list())
    assert (fault.value.retry_after, route.call_count) == (120.0, 1)


async def test_a_write_whose_answer_was_lost_is_not_repeated(respx_mock: respx.MockRouter) -> None:
    route = arrange(respx_mock, httpx.ReadTimeout("lost"), APPROVE)
    with pytest.raises(Unavailable) as fault:
        await call("async", lambda c: c.requests.approve(uuid4()), access_token=TOKEN)
    assert fault.value.maybe_done is True
    assert route.call_count == 1


async def test_a_write_that_never_arrived_is_repeated(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(APPROVE).mock(
        side_effect=[httpx.ConnectError("refused"), refusal(409, "slot_taken", "taken")]
    )
    with pytest.raises(SlotTaken):
        await call("async", lambda c: c.requests.approve(uuid4()), access_token=TOKEN)
    assert route.call_count == 2


async def test_a_refused_token_is_asked_for_once_more(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(SUBJECTS).mock(
        side_effect=[refusal(401, "PGRST303", "JWT expired"), httpx.Response(200, json=[])]
    )
    tokens = iter(["old", "new", "new", "new"])
    await call("async", lambda c: c.subjects.list(), access_token=lambda: next(tokens))
    sent = [made.request.headers["authorization"] for made in route.calls]
    assert sent == ["Bearer old", "Bearer new"]


async def test_a_fixed_token_that_is_refused_is_told_at_once(respx_mock: respx.MockRouter) -> None:
    route = arrange(respx_mock, refusal(401, "PGRST301", "JWT expired"))
    with pytest.raises(NotSignedIn):
        await call("async", lambda c: c.subjects.list(), access_token=TOKEN)
    assert route.call_count == 1


AUTH: list[tuple[int, dict[str, Any], type[MentorkitError]]] = [
    (400, {"code": "invalid_credentials", "message": "Invalid login"}, WrongCredentials),
    (400, {"code": "email_not_confirmed", "message": "Confirm"}, NotSignedIn),
    (403, {"code": "user_banned", "message": "Banned"}, NotAllowed),
    (422, {"code": "validation_failed", "message": "An e-mail is needed"}, Invalid),
    (429, {"code": "over_request_rate_limit", "message": "Slow"}, RateLimited),
    (500, {"code": "unexpected_failure", "message": "Database error"}, Unavailable),
    (502, {}, Unavailable),
    (401, {"message": "No API key found in request"}, WrongKey),
]


@pytest.mark.parametrize(("status", "body", "error"), AUTH)
async def test_what_auth_says_is_translated_too(
    status: int, body: dict[str, Any], error: type[MentorkitError], respx_mock: respx.MockRouter
) -> None:
    answer = httpx.Response(status, json=body, headers={"X-Supabase-Api-Version": "2024-01-01"})
    respx_mock.post(url__startswith=f"{URL}/auth/v1/token").mock(return_value=answer)
    with pytest.raises(error) as fault:
        await call("async", lambda c: c.auth.sign_in(email="a@b.test", password="x"))
    if "code" in body and error not in (RateLimited,):
        assert fault.value.code == body["code"]


@pytest.mark.parametrize(
    ("url", "key", "error"),
    [
        ("", "key", Misconfigured),
        ("project.supabase.co", "key", Misconfigured),
        ("ftp://project.supabase.co", "key", Misconfigured),
        (URL, "", WrongKey),
        (URL, "sb_secret_abc", WrongKey),
        (URL, "e30.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.x", WrongKey),
    ],
)
def test_a_wrong_url_or_key_is_told_before_anything_is_sent(
    url: str, key: str, error: type[MentorkitError]
) -> None:
    for face in (AsyncMentorkit, Mentorkit):
        with pytest.raises(error):
            face(url, key)


async def test_a_closed_client_says_so() -> None:
    client = AsyncMentorkit(URL, "key")
    await client.aclose()
    await client.aclose()
    with pytest.raises(Closed):
        await client.subjects.list()
    plain = Mentorkit(URL, "key")
    plain.close()
    with pytest.raises(Closed):
        plain.subjects.list()
