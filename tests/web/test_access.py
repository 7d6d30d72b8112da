"""Everybody can use the pages: axe finds nothing in any state or theme; large text, no motion."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.stack import StackEnv
from tests.web.conftest import Visit
from tests.web.rooms import agree, enter_room, in_state, join, pair
from tests.web.visitor import Visitor

# What reaches over the right edge, if the page can be scrolled there.
BEYOND = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.sr'))
        .slice(0, 5).map(one => one.className + ' ' + one.tagName)"""
# Words that do not fit into their place.
CUT = """() => [...document.querySelectorAll('main button, main a, main h1, main label, .tabs a')]
    .filter(one => !one.closest('.sr') && one.offsetParent && one.scrollWidth > one.clientWidth + 2
        && getComputedStyle(one).overflow !== 'visible')
    .map(one => one.innerText)"""
PAGES = ("", "requests", "mentors", "request", "history", "notices", "profile")


async def clean(visitor: Visitor, state: str) -> None:
    """No violations in what is shown now, in both themes."""
    await visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = await visitor.axe()
    assert not found, f"{state}: {found}"
    # The other theme is the same page in other colours.
    await visitor.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = await visitor.axe("color-contrast")
    assert not found, f"{state}, dark: {found}"


async def test_the_way_in(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    await page.goto(visitor.site)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await clean(visitor, "sign in")
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("alert")).to_contain_text("Tell us your name")
    await clean(visitor, "sign up refused")


async def test_pages_of_somebody_new(visit: Visit) -> None:
    visitor = await visit()
    await visitor.enter("Ada New")
    for name in PAGES:
        await visitor.page.goto(f"{visitor.site}/#/{name}")
        await expect(visitor.page.locator("main h1")).to_be_visible()
        await clean(visitor, f"empty {name or 'home'}")


async def test_pages_full_of_things(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue, zone="Asia/Kolkata")
    teacher = await mentor.enter("Grace Axe", mentor=True, zone="Asia/Kolkata")
    learner = await student.enter("Ada Axe")
    await agree(stack, learner, teacher, "Soon", minutes=5)
    await agree(stack, learner, teacher, "Later", minutes=2000)
    await student.ask(mentor.name, "Please", minutes=4000, text="Two lines.\nOf text.")
    await expect(mentor.page.get_by_test_id("toast").filter(has_text="Please")).to_be_visible()
    await clean(mentor, "a toast with a request")
    for visitor in (student, mentor):
        for name in ("", "requests", "notices"):
            await visitor.page.goto(f"{visitor.site}/#/{name}")
            await expect(visitor.page.locator("main h1")).to_be_visible()
            await clean(visitor, f"full {name or 'home'}")
    await mentor.go("Requests")
    await mentor.page.get_by_test_id("request").get_by_role("button", name="Reject").click()
    await mentor.page.get_by_role("button", name="Reject request").click()
    await clean(mentor, "reject refused")
    await mentor.page.keyboard.press("Escape")
    await student.page.goto(f"{student.site}/#/request")
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(student.page.get_by_text("Choose a subject.")).to_be_visible()
    await clean(student, "form refused")
    for button in ("Reschedule… Later", "Notes… Later"):
        await student.go("Upcoming")
        await student.page.get_by_role("button", name=button).click()
        await clean(student, button)
        await student.page.keyboard.press("Escape")
    await student.page.goto(f"{student.site}/#/request/{teacher.id}")
    await expect(student.page.get_by_role("combobox", name="Subject")).to_be_visible()
    await clean(student, "form of one mentor")
    while await mentor.page.get_by_test_id("toast").count():
        await mentor.page.get_by_role("button", name="Dismiss").first.click()
    await mentor.page.goto(f"{mentor.site}/#/profile")
    await expect(mentor.page.get_by_label("Name")).to_be_visible()
    await clean(mentor, "profile of a mentor")
    await mentor.go("Hours")
    await mentor.page.get_by_role("button", name="Add hours on Monday").click()
    await mentor.page.get_by_role("button", name="Add a date").click()
    await clean(mentor, "hours")


async def test_the_room(visit: Visit, red: Browser, blue: Browser, stack: StackEnv) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    one, other = await visit(red), await visit(blue)
    await enter_room(one, student, "room-00000000")
    await expect(one.page.get_by_test_id("refused")).to_be_visible()
    await clean(one, "refused")
    for visitor, person in ((one, student), (other, mentor)):
        await enter_room(visitor, person, room)
    await expect(one.page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    await clean(one, "lobby")
    await join(one)
    await in_state(one.page, "waiting")
    await clean(one, "waiting")
    await join(other)
    await in_state(one.page, "connected")
    await one.page.get_by_role("button", name="Chat").click()
    await one.page.get_by_label("Message", exact=True).fill("Hello")
    await one.page.keyboard.press("Enter")
    await clean(one, "call with chat")
    await one.page.get_by_role("button", name="Leave").click()
    await clean(one, "left")


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
        wide = await page.evaluate(BEYOND)
        assert not wide, f"{name or 'home'} must be scrolled sideways: {wide}"
        cut = await page.evaluate(CUT)
        assert cut == []


async def test_reduced_motion_is_respected(visit: Visit, blue: Browser) -> None:
    student, mentor = await visit(), await visit(blue, reduced_motion="reduce")
    await mentor.enter("Grace Calm", mentor=True)
    await student.enter("Ada Calm")
    await student.ask(mentor.name, "Calmly", minutes=90)
    toast = mentor.page.get_by_test_id("toast")
    await expect(toast).to_be_visible()
    moving = await mentor.page.evaluate("document.getAnimations().length")
    assert moving == 0


async def test_everything_has_a_name_for_screen_readers(
    visit: Visit, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(), await visit(blue)
    teacher = await mentor.enter("Grace Named", mentor=True)
    learner = await student.enter("Ada Named")
    room = await agree(stack, learner, teacher, "Spoken", minutes=5)
    await student.page.goto(f"{student.site}/#/")
    for role, name in (
        ("link", "Join Video Call for Spoken"),
        ("button", f"Copy room id {room}"),
        ("button", "Cancel… Spoken"),
        ("link", "Profile of " + student.name),
    ):
        await expect(student.page.get_by_role(role, name=name).first).to_be_visible()  # type: ignore[arg-type]
    await student.ask(mentor.name, "Say it", minutes=90)
    # A new request is spoken where it arrives, without taking the focus.
    await expect(mentor.page.locator("[aria-live=polite].sr")).to_contain_text(
        "New session request!"
    )
