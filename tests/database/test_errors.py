"""docs/errors.md against the migrations, and the codes as they reach an HTTP client."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.migrate import MIGRATIONS
from tests.support.people import Person, sign_up, subject_id
from tests.support.stack import REPO, StackEnv

RAISED = re.compile(r"private\.fail\(\s*(\d{3}),\s*'([a-z_]+)',")
CALL = re.compile(r"perform private\.fail\(")
LISTED = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \| .+ \| .+ \|$", re.MULTILINE)


def raised() -> set[tuple[str, str]]:
    return {
        (code, status)
        for file in MIGRATIONS.glob("*.sql")
        for status, code in RAISED.findall(file.read_text())
    }


def test_every_code_is_documented_with_its_status() -> None:
    listed = LISTED.findall((REPO / "docs" / "errors.md").read_text())
    assert len(listed) == len(set(listed))
    assert set(listed) == raised()


def test_a_code_has_one_status() -> None:
    codes = [code for code, _ in raised()]
    assert len(codes) == len(set(codes))


def test_every_refusal_names_its_code() -> None:
    """A code that is computed could not be found by the test above."""
    for file in MIGRATIONS.glob("*.sql"):
        text = file.read_text()
        assert len(CALL.findall(text)) <= len(RAISED.findall(text)), file.name


class Browser:
    """One person's plain PostgREST client."""

    def __init__(self, stack: StackEnv, http: httpx.AsyncClient, person: Person) -> None:
        self.stack = stack
        self.http = http
        self.person = person

    async def send(
        self, method: str, path: str, body: object, **params: str
    ) -> tuple[int, str | None]:
        """The status and the code of the answer."""
        answer = await self.http.request(
            method,
            f"{self.stack.supabase_url}/rest/v1/{path}",
            headers=self.person.headers(self.stack) | {"Prefer": "return=representation"},
            params=params,
            json=body,
        )
        said = answer.json()
        return answer.status_code, said.get("code") if isinstance(said, dict) else None


@pytest.mark.timeout(120)
async def test_codes_reach_the_client_on_the_table_and_on_the_function(stack: StackEnv) -> None:
    student, mentor, stranger = (
        await sign_up(stack, "Sam"),
        await sign_up(stack, "Mina", mentor=True),
        await sign_up(stack, "Stan"),
    )
    noon = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    good: dict[str, object] = {
        "mentor_id": mentor.id,
        "subject_id": await subject_id(stack),
        "title": "Codes",
        "requested_time": noon.isoformat(),
        "duration": 60,
    }
    async with httpx.AsyncClient(timeout=15) as http:
        asks = Browser(stack, http, student).send
        answers = Browser(stack, http, mentor).send
        looks = Browser(stack, http, stranger).send

        async def refused(change: dict[str, object], code: str, status: int) -> None:
            plain = await asks("POST", "session_requests", good | change)
            called = await asks("POST", "rpc/request_session", good | change)
            assert plain == called == (status, code)

        await refused({"title": "\u200b"}, "title_required", 400)
        await refused({"duration": 45}, "bad_duration", 400)
        await refused({"requested_time": "2020-01-01T12:00:00Z"}, "time_in_past", 400)
        await refused({"mentor_id": stranger.id}, "not_a_mentor", 400)
        await refused({"mentor_id": student.id}, "self_request", 400)

        made = await http.post(
            f"{stack.supabase_url}/rest/v1/rpc/request_session",
            headers=student.headers(stack),
            json=good,
        )
        assert made.status_code == 200, made.text
        request_id = made.json()["id"]
        own = {"id": f"eq.{request_id}"}

        patch = ("PATCH", "session_requests")
        by_id = {"request_id": request_id}
        assert await asks(*patch, {"status": "approved"}, **own) == (200, None)  # no row of his
        assert await asks("POST", "rpc/approve_request", by_id) == (403, "not_allowed")
        assert await looks("POST", "rpc/approve_request", by_id) == (404, "not_found")
        assert await answers(*patch, {"status": "rejected"}, **own) == (400, "reason_required")
        blank = by_id | {"reason": "\u2060 "}
        assert await answers("POST", "rpc/reject_request", blank) == (400, "reason_required")
        assert await answers(*patch, {"title": "Mine"}, **own) == (403, "42501")
        assert await answers(*patch, {"status": "cancelled"}, **own) == (403, "not_allowed")
        assert await answers(*patch, {"status": "approved"}, **own) == (200, None)
        assert await answers(*patch, {"status": "approved"}, **own) == (409, "request_not_pending")
        called = await answers("POST", "rpc/approve_request", by_id)
        assert called == (409, "request_not_pending")
        await refused({}, "slot_taken", 409)
        work = await answers("POST", "rpc/timed_work", {})
        assert work == (403, "42501")
        nobody = await http.post(
            f"{stack.supabase_url}/rest/v1/rpc/request_session",
            headers={"apikey": stack.publishable_key},
            json=good,
        )
        assert nobody.status_code == 401
