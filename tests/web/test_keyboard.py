"""The whole story without a pointer."""

from __future__ import annotations

import uuid

from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.chromium import BLUE, RED
from tests.web.conftest import Visit
from tests.web.keyboard import Keyboard
from tests.web.rooms import ask, in_state, sees
from tests.web.visitor import Visitor, meet, soon, unlike_others


async def sign_up_by_keys(visitor: Visitor, name: str, *, mentor: bool) -> Keyboard:
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.name = unlike_others(name)
    await page.goto(visitor.site)
    await keys.press("Create an account")
    await keys.type("Name", visitor.name)
    await keys.type("E-mail", f"{uuid.uuid4().hex}@example.test")
    await keys.type("Password", "correct horse battery")
    await keys.to("Learn")
    if mentor:
        await page.keyboard.press("ArrowRight")
    await keys.press("Create account")
    await visitor.arrived()
    return keys


async def test_the_story_by_keyboard_only(visit: Visit, red: Browser, blue: Browser) -> None:
    student, mentor = await visit(red), await visit(blue, zone="Asia/Kolkata")
    theirs = await sign_up_by_keys(mentor, "Grace Keys", mentor=True)
    keys = await sign_up_by_keys(student, "Ada Keys", mentor=False)

    await keys.press("Mentors")
    await expect(student.page.get_by_role("heading", name="Mentors", level=1)).to_be_focused()
    await keys.press(f"Request Session with {mentor.name}")
    await keys.choose("Subject", "Math")
    await keys.type("Title", "Without a mouse")
    await keys.type("Description", "Only keys.")
    await keys.to("1 h")
    await student.page.keyboard.press("ArrowLeft")
    start = soon(6, "Europe/Berlin")
    await keys.press("Next month") if start.month != soon(0, "Europe/Berlin").month else None
    await keys.to(f"{start.day} {start:%B %Y}")
    await student.page.keyboard.press("PageDown")
    await student.page.keyboard.press("PageUp")
    await student.page.keyboard.press("Enter")
    time = student.page.get_by_label("Time your clock")
    await keys.to("Time your clock")
    await student.page.keyboard.type(start.strftime("%I%M%p"))
    if await time.input_value() != f"{start:%H:%M}":  # a browser whose own clock has 24 hours
        await time.focus()
        await student.page.keyboard.type(f"{start:%H%M}")
    await expect(time).to_have_value(f"{start:%H:%M}")
    await keys.press("Request Session")
    await expect(student.page.get_by_role("heading", name="Requests", level=1)).to_be_focused()

    toast = mentor.page.locator("article.toast-request").filter(has_text="Without a mouse")
    await expect(toast).to_be_visible()
    await theirs.press("Approve Without a mouse")
    await expect(toast).to_be_hidden()
    await expect(mentor.page.get_by_role("heading", name="Upcoming sessions")).to_be_focused()

    await keys.press("Upcoming")
    await expect(student.page.get_by_test_id("session")).to_be_visible()
    for one, hands in ((student, keys), (mentor, theirs)):
        await hands.press("Join Video Call for Without a mouse")
        await expect(one.page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
        await hands.press("Join")
    for one, colour in ((student, BLUE), (mentor, RED)):
        await in_state(one.page, "connected")
        await sees(one.page, colour)

    for hands in (keys, theirs):
        await hands.press("Chat")
    await keys.type("Message", "Typed")
    await student.page.keyboard.press("Enter")
    await expect(mentor.page.get_by_text("Typed").first).to_be_visible()
    await keys.press("Leave")
    await expect(student.page.get_by_role("heading", name="You have left the room")).to_be_focused()
    await keys.press("Back to your sessions")
    await expect(student.page.get_by_role("heading", name="Upcoming sessions")).to_be_visible()


async def test_a_dialog_takes_the_focus_and_gives_it_back(visit: Visit, stack: StackEnv) -> None:
    mentor = await visit()
    teacher = await mentor.enter("Grace Focus", mentor=True)
    learner = await sign_up(stack, unlike_others("Ada"))
    await ask(stack, learner, teacher, "Give it back", minutes=90)
    keys, page = Keyboard(mentor.page), mentor.page
    await expect(page.get_by_test_id("request")).to_be_visible()
    await keys.press("Requests")
    await expect(page.get_by_role("heading", name="Requests", level=1)).to_be_focused()
    await keys.press("Reject… Give it back")
    dialog = page.get_by_role("dialog", name="Reject this request")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    opener = page.get_by_test_id("request").get_by_role("button", name="Reject… Give it back")
    await expect(opener).to_be_focused()


async def test_news_takes_the_focus_from_nobody(
    visit: Visit, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(), await visit(blue)
    learner, teacher = await meet(student, mentor, "Still")
    await ask(stack, learner, teacher, "The first", minutes=90)
    await mentor.go("Requests")
    cards = mentor.page.get_by_test_id("request")
    approve = cards.get_by_role("button", name="Approve The first")
    await approve.focus()
    await ask(stack, learner, teacher, "The second", minutes=190)
    await expect(cards.filter(has_text="The second")).to_be_visible()
    await expect(approve).to_be_focused()

    # And somebody who writes keeps the place in the text.
    await student.fill_request(mentor.name, "Half a title", minutes=300)
    field = student.page.get_by_label("Title")
    await field.evaluate("field => { field.focus(); field.setSelectionRange(4, 4); }")
    await approve.click()
    await expect(student.page.get_by_test_id("toast").filter(has_text="approved")).to_be_visible()
    await expect(field).to_be_focused()
    assert await field.evaluate("field => field.selectionStart") == 4
    await expect(field).to_have_value("Half a title")
