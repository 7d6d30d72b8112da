"""Large text, no motion, and a name for everything."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.conftest import Visit
from tests.web.rooms import agree, ask, pair
from tests.web.sizes import PAGES, fits
from tests.web.visitor import meet, unlike_others


@pytest.mark.parametrize("width", [360, 1280])
async def test_text_at_twice_its_size_is_usable(
    visit: Visit, stack: StackEnv, blue: Browser, width: int
) -> None:
    learner, teacher = await pair(stack)
    title = "A session with a rather long title for a small screen"
    await agree(stack, learner, teacher, title, minutes=5)
    mentor = await visit(blue, viewport={"width": width, "height": 800})
    await mentor.sign_in(teacher)
    page = mentor.page
    for name in (*PAGES, "hours"):
        await page.goto(f"{mentor.site}/#/{name}")
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        await expect(page.locator("main h1")).to_be_visible()
        if name == "hours":
            await page.get_by_role("button", name="Add hours on Monday").click()
        await fits(page, name or "home")


async def test_reduced_motion_is_respected(visit: Visit, stack: StackEnv) -> None:
    mentor = await visit(reduced_motion="reduce")
    teacher = await mentor.enter("Grace Calm", mentor=True)
    learner = await sign_up(stack, unlike_others("Ada"))
    await ask(stack, learner, teacher, "Calmly", minutes=90)
    toast = mentor.page.get_by_test_id("toast")
    await expect(toast).to_be_visible()
    moving = await mentor.page.evaluate("document.getAnimations().length")
    assert moving == 0


async def test_everything_has_a_name_for_screen_readers(
    visit: Visit, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(), await visit(blue)
    learner, teacher = await meet(student, mentor, "Named")
    room = await agree(stack, learner, teacher, "Spoken", minutes=5)
    await student.page.goto(f"{student.site}/#/")
    for role, name in (
        ("link", "Join Video Call for Spoken"),
        ("button", f"Copy room id {room}"),
        ("button", "Cancel… Spoken"),
        ("link", "Profile of " + student.name),
    ):
        await expect(student.page.get_by_role(role, name=name).first).to_be_visible()  # type: ignore[arg-type]
    await ask(stack, learner, teacher, "Say it", minutes=90)
    # A new request is spoken where it arrives, without taking the focus.
    await expect(mentor.page.locator("[aria-live=polite].sr")).to_contain_text(
        "New session request!"
    )
