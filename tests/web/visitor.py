"""A person in front of the pages: what they do, and what went wrong in the browser meanwhile."""

from __future__ import annotations

import asyncio
import datetime
import json
import re
import time
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.async_api import ConsoleMessage, Error, Page, expect

from tests.support.people import TAUGHT, Person, patch_profile, sign_up
from tests.support.stack import StackEnv

PATIENCE = 30_000
# What a browser reports by itself when a server answers no or is away; all else is ours.
EXPECTED = re.compile(r"Failed to load resource|ERR_CONNECTION|WebSocket connection to|ERR_EMPTY")


class Visitor:
    """One page of one browser context. `faults` collects page errors and policy violations."""

    def __init__(self, page: Page, site: str, stack: StackEnv) -> None:
        self.page = page
        self.site = site
        self.stack = stack
        self.person: Person | None = None
        self.name = ""
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", self._failed)
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            self.faults.append(f"console: {message.text}")

    def _failed(self, error: Error) -> None:
        self.faults.append(f"page error: {error}")

    def turn_away(self) -> None:
        """What the page does from now on is somebody else's."""
        self.page.remove_listener("pageerror", self._failed)
        self.page.remove_listener("console", self._heard)

    async def close(self) -> None:
        if not self.page.is_closed():
            await self.page.context.close()

    async def sign_up(
        self, name: str, *, mentor: bool = False, zone: str = "Europe/Berlin"
    ) -> None:
        """A new account made by hand, through the form."""
        page = self.page
        self.name = unlike_others(name)
        await page.goto(self.site)
        await page.get_by_role("button", name="Create an account").click()
        await page.get_by_label("Name").fill(self.name)
        email = f"{uuid.uuid4().hex}@example.test"
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password").fill("correct horse battery")
        if mentor:
            await page.get_by_role("radio", name="Mentor").check()
        await page.get_by_label("Time zone").select_option(zone)
        await page.get_by_role("button", name="Create account").click()
        await self.arrived()

    async def enter(
        self, name: str, *, mentor: bool = False, zone: str = "Europe/Berlin", path: str = "/"
    ) -> Person:
        """A new account, signed in by hand: quicker where signing up is not the story."""
        self.name = unlike_others(name)
        person = await sign_up(self.stack, self.name, mentor=False)
        fields: dict[str, object] = {"time_zone": zone, "rating": 4.5} | (TAUGHT if mentor else {})
        async with httpx.AsyncClient(base_url=self.stack.supabase_url, timeout=15) as http:
            await patch_profile(http, self.stack, person.id, fields)
        await self.sign_in(person, path=path)
        return person

    async def sign_in(self, person: Person, path: str = "/") -> None:
        """As after a sign-in some minutes ago: the session lies where supabase-js keeps it."""
        self.person = person
        kept = json.dumps(
            {
                "access_token": person.access_token,
                "refresh_token": person.refresh_token,
                "token_type": "bearer",
                "expires_in": 3600,
                "expires_at": int(time.time()) + 3600,
                "user": {"id": person.id, "email": person.email},
            }
        )
        # A page that others have left stands there already, or at another site's.
        if self.page.url != f"{self.site}/icon.svg":
            await self.page.goto(f"{self.site}/icon.svg")
        await self.page.evaluate("kept => localStorage.setItem('mentorkit-session', kept)", kept)
        await self.page.goto(f"{self.site}{path}")
        if path == "/":
            await self.arrived()

    async def arrived(self) -> None:
        """Signed in, rows read, and changes are flowing."""
        await expect(
            self.page.get_by_role("heading", name="Upcoming sessions", level=1)
        ).to_be_visible()
        await expect(self.page.locator(".live-live")).to_be_attached(timeout=PATIENCE)

    async def go(self, name: str) -> None:
        await (
            self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        )

    async def ask(
        self, mentor: str, title: str, *, minutes: int, zone: str = "Europe/Berlin", text: str = ""
    ) -> None:
        """Fill in the request form for a session so many minutes from now and send it."""
        await self.fill_request(mentor, title, minutes=minutes, zone=zone, text=text)
        await self.page.get_by_role("button", name="Request Session").click()

    async def fill_request(
        self, mentor: str, title: str, *, minutes: int, zone: str = "Europe/Berlin", text: str = ""
    ) -> None:
        page = self.page
        await self.go("Mentors")
        card = page.get_by_test_id("mentor").filter(
            has=page.get_by_role("heading", name=mentor, exact=True)
        )
        await card.get_by_role("link", name="Request Session").click()
        await expect(page.get_by_label("Mentor")).to_contain_text(mentor)
        await page.get_by_label("Subject").select_option(index=1)
        await page.get_by_label("Title").fill(title)
        if text:
            await page.get_by_label("Description").fill(text)
        await page.get_by_role("radio", name="30 min", exact=True).check()
        start = soon(minutes, zone)
        await self.choose_day(start.date())
        await page.get_by_label("Time your clock").fill(f"{start:%H:%M}")

    async def dismiss_all(self) -> None:
        """Put away what popped up, as one does before going on below it."""
        toasts = self.page.get_by_test_id("toast")
        while await toasts.count():
            await toasts.last.get_by_role("button", name="Dismiss").click()

    async def still_typed(self, title: str, text: str) -> None:
        """The request form has what was typed into it."""
        await expect(self.page.get_by_label("Title")).to_have_value(title)
        await expect(self.page.get_by_label("Description")).to_have_value(text)
        assert await self.page.get_by_label("Time your clock").input_value()

    async def choose_day(self, day: datetime.date) -> None:
        button = self.page.locator(f"[data-date='{day}']")
        if not await button.count():
            await self.page.get_by_role("button", name="Next month").click()
        await button.click()

    async def rows(self, table: str, **filters: str) -> list[dict[str, Any]]:
        """What the database shows this person."""
        assert self.person is not None
        async with httpx.AsyncClient(base_url=self.stack.supabase_url, timeout=15) as http:
            answer = await http.get(
                f"/rest/v1/{table}", params=filters, headers=self.person.headers(self.stack)
            )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found


async def meet(student: Visitor, mentor: Visitor, name: str) -> tuple[Person, Person]:
    """A student and a mentor, both signed in at their pages."""
    learner, teacher = await asyncio.gather(
        student.enter(f"Ada {name}"), mentor.enter(f"Grace {name}", mentor=True)
    )
    return learner, teacher


def unlike_others(name: str) -> str:
    """Tests share one stack, and its list of mentors."""
    return f"{name} {uuid.uuid4().hex[:5]}"


def soon(minutes: int, zone: str) -> datetime.datetime:
    """The next whole minute so many minutes from now, on the clocks of a zone."""
    moment = datetime.datetime.now(ZoneInfo(zone)) + datetime.timedelta(minutes=minutes)
    return moment.replace(second=0, microsecond=0)


async def pixel(page: Page, test_id: str) -> tuple[int, int, int]:
    """The colour in the middle of a video; black when there is no picture."""
    colour = await page.evaluate(
        """(id) => {
            const video = document.querySelector(`[data-testid=${id}]`);
            if (!video || !video.videoWidth) return [0, 0, 0];
            const canvas = new OffscreenCanvas(1, 1);
            const context = canvas.getContext('2d');
            context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        test_id,
    )
    return colour[0], colour[1], colour[2]


async def frames_decoded(page: Page) -> int:
    """How many pictures of the other side this browser has decoded."""
    stats = await page.evaluate("async () => Object.values(await window.mentorkitStats())")
    return sum(
        int(entry.get("framesDecoded", 0))
        for entry in stats
        if entry.get("type") == "inbound-rtp" and entry.get("kind") == "video"
    )
