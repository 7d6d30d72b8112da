"""Every block of Python in the SDK's pages runs, in the order of its page."""

from __future__ import annotations

import ast
import base64
import inspect
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.sdk.faces import Face
from tests.support.stack import REPO

PAGES = sorted((REPO / "docs/sdk").glob("*.md"))
TEXTS = {page: page.read_text("utf-8") for page in PAGES}
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest_asyncio.fixture
async def names(async_face: Face, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """What the pages take for granted: two people, a request, a room, the project."""
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    subject = (await mentor.client.subjects.list())[0]
    await mentor.client.subjects.teach(subject.id)
    soon = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    meeting = await async_face.request(student, mentor, requested_time=soon)
    session = await mentor.client.requests.approve(meeting.id)
    waiting = await async_face.request(student, mentor)
    stack = async_face.stack
    yield {
        "__name__": "docs",
        "url": stack.supabase_url,
        "key": stack.publishable_key,
        "secret_key": stack.secret_key,
        "signaling_url": stack.signaling_url,
        "functions_url": stack.functions_url,
        "subscription": {
            "endpoint": f"https://push.example.test/{uuid4()}",
            "p256dh": base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode().rstrip("="),
            "auth": base64.urlsafe_b64encode(bytes(16)).decode().rstrip("="),
        },
        "email": f"{uuid4().hex}@example.test",
        "session_file": tmp_path / "session.json",
        "student": student.client,
        "mentor": mentor.client,
        "mentor_id": mentor.id,
        "subject_id": subject.id,
        "request_id": waiting.id,
        "room_id": session.video_room_id,
        "tomorrow": async_face.hour() + timedelta(days=2),
        "berlin": ZoneInfo("Europe/Berlin"),
    }


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in TEXTS[page]], ids=lambda page: page.stem
)
async def test_every_block_runs(page: Path, names: dict[str, Any]) -> None:
    text = TEXTS[page]
    for found in BLOCK.finditer(text):
        line = text[: found.start(1)].count("\n")
        tree = ast.parse("\n" * line + found[1], str(page))
        code = compile(tree, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.iscoroutine(running):
            await running


def test_the_site_lists_every_page_of_the_sdk() -> None:
    site = (REPO / "mkdocs.yml").read_text("utf-8")
    for page in PAGES:
        assert f"sdk/{page.name}" in site


def test_the_reference_lists_every_resource() -> None:
    page = (REPO / "docs/sdk/reference.md").read_text("utf-8")
    import mentorkit

    client = mentorkit.AsyncMentorkit("http://x", "k")
    for name, resource in vars(client).items():
        if not name.startswith("_"):
            assert f"{type(resource).__module__}.{type(resource).__name__}" in page, name
