"""axe finds nothing, in any state of any page, in either theme."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv
from tests.web.axe import clean
from tests.web.conftest import Visit
from tests.web.rooms import agree, ask, call, enter_room, in_state, join, pair
from tests.web.sizes import PAGES, fits
from tests.web.visitor import Visitor, soon, unlike_others


async def held(
    stack: StackEnv, student: Person, mentor: Person, title: str, *,
    rating: int | None = None, minutes: int = 600,
) -> str:  # fmt: skip
    """A session that was yesterday, with notes, rated or not; answers its room id."""
    room = await agree(stack, student, mentor, title, minutes)
    async with await psycopg.AsyncConnection.connect(
        stack.database_url.replace("//postgres:", "//supabase_admin:")
    ) as owner:
        # A day later: the only thing that cannot be waited for.
        await owner.execute("set session_replication_role = replica")
        moved = await owner.execute(
            "update public.sessions set scheduled_time = scheduled_time - interval '1 day',"
            " end_time = end_time - interval '1 day', status = 'completed',"
            " pre_session_notes = 'My questions.', post_session_notes = 'My answers.'"
            " where video_room_id = %s returning id",
            (room,),
        )
        found = await moved.fetchone()
    assert found is not None
    if rating:
        await call(
            stack, student, "rate_session", session_id=str(found[0]), rating=rating, comment="Kind."
        )
    return room


async def show(visitor: Visitor, name: str) -> Page:
    """One of the pages, with its rows read."""
    await visitor.page.goto(f"{visitor.site}/#/{name}")
    await expect(visitor.page.locator("main h1")).to_be_visible()
    await expect(visitor.page.locator(".skeleton")).to_have_count(0)
    return visitor.page


async def in_dialog(visitor: Visitor, button: str, dialog: str, wrong: str = "") -> None:
    """A dialog is clean as it opens and, where it can be refused, when it is."""
    page = visitor.page
    await page.get_by_role("button", name=button).first.click()
    shown = page.get_by_role("dialog", name=dialog)
    await expect(shown).to_be_visible()
    await clean(page, dialog)
    if wrong:
        await shown.get_by_role("button", name=wrong).click()
        await expect(shown.get_by_role("alert")).to_be_visible()
        await clean(page, f"{dialog}, refused")
    await page.keyboard.press("Escape")
    await expect(shown).to_be_hidden()


async def test_the_way_in(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    await page.goto(visitor.site)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await clean(page, "sign in")
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("alert")).to_contain_text("Tell us your name")
    await clean(page, "sign up refused")


@pytest.mark.timeout(120)
async def test_pages_of_somebody_new(visit: Visit) -> None:
    visitor = await visit()
    await visitor.enter("Ada New")
    for name in (*PAGES, "nowhere"):
        await clean(await show(visitor, name), f"empty {name or 'home'}")
    seen = asyncio.Event()

    async def slow(route: Route) -> None:
        await seen.wait()
        await route.continue_()

    await visitor.page.route("**/rest/v1/**", slow)
    await visitor.page.goto(f"{visitor.site}/?again#/requests")
    await expect(visitor.page.locator(".skeleton")).to_be_visible()
    await clean(visitor.page, "loading")
    seen.set()
    await expect(visitor.page.get_by_text("No requests yet")).to_be_visible()


async def test_axe_would_find_something(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    await page.goto(visitor.site)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # What is unreadable in one theme only is found there.
    await page.evaluate("document.querySelector('h1').style.color = 'light-dark(#13231e, #222)'")
    with pytest.raises(AssertionError, match=r"dark.*color-contrast"):
        await clean(page, "unreadable")


@pytest.mark.timeout(120)
async def test_what_a_student_sees(visit: Visit, stack: StackEnv) -> None:
    student = await visit()
    teacher = await sign_up(stack, unlike_others("Grace Axe"), mentor=True)
    learner = await sign_up(stack, unlike_others("Ada Axe"))
    await agree(stack, learner, teacher, "Soon", minutes=5)
    await agree(stack, learner, teacher, "Later", minutes=2000)
    await held(stack, learner, teacher, "Rated", rating=4)
    await held(stack, learner, teacher, "Not rated", minutes=700)
    await ask(stack, learner, teacher, "Waiting", minutes=4000)
    refused = await ask(stack, learner, teacher, "Refused", minutes=5000)
    await call(stack, teacher, "reject_request", request_id=refused, reason="Not\nthat day.")
    await student.sign_in(learner)
    for name in ("", "requests", "mentors", "notices"):
        await clean(await show(student, name), f"a student's {name or 'home'}")
    page = await show(student, "history")
    await expect(page.get_by_text("You rated")).to_be_visible()
    await clean(page, "history")
    await in_dialog(student, "Rate… Not rated", "Rate this session", "Send rating")
    await show(student, "")
    await in_dialog(student, "Reschedule… Later", "Propose another time")
    await in_dialog(student, "Notes… Later", "Notes")
    await in_dialog(student, "Cancel… Later", "Cancel this session")
    await show(student, "request")
    await page.get_by_role("button", name="Request Session").click()
    await expect(page.get_by_text("Choose a subject.")).to_be_visible()
    await clean(page, "form refused")
    await show(student, f"request/{teacher.id}")
    await expect(page.get_by_role("combobox", name="Subject")).to_be_visible()
    await clean(page, "form of one mentor")


@pytest.mark.timeout(120)
async def test_what_a_mentor_sees(visit: Visit, stack: StackEnv) -> None:
    mentor = await visit(zone="Asia/Kolkata")
    teacher = await mentor.enter("Grace Axe", mentor=True, zone="Asia/Kolkata")
    learner = await sign_up(stack, unlike_others("Ada Axe"))
    await agree(stack, learner, teacher, "Movable", minutes=2000)
    await held(stack, learner, teacher, "Held", rating=5)
    page = mentor.page
    for title, minutes in (("First", 4000), ("Second", 5000)):
        await ask(stack, learner, teacher, title, minutes=minutes)
        await expect(page.get_by_test_id("toast").filter(has_text=title)).to_be_visible()
    await clean(page, "toasts with requests")
    session = (await mentor.rows("sessions", title="eq.Movable"))[0]["id"]
    await call(
        stack, learner, "propose_reschedule", session_id=session,
        scheduled_time=soon(3000, "UTC").isoformat(), message="The dentist.",
    )  # fmt: skip
    await expect(page.get_by_test_id("proposal")).to_be_visible()
    await page.reload()
    await clean(await show(mentor, ""), "a mentor's home, with a proposal")
    await in_dialog(mentor, "Decline… the new time for Movable", "Decline the new time")
    await clean(await show(mentor, "history"), "a mentor's history")
    await in_dialog(mentor, "Notes… Held", "Notes")
    await show(mentor, "requests")
    await in_dialog(mentor, "Reject… First", "Reject this request", "Reject request")
    await page.get_by_role("checkbox", name="Choose all").check()
    await clean(page, "requests, chosen")
    await in_dialog(mentor, "Reject chosen…", "Reject the chosen requests", "Reject requests")
    await clean(await show(mentor, "profile"), "profile of a mentor")
    await show(mentor, "hours")
    await page.get_by_role("button", name="Add hours on Monday").click()
    await page.get_by_label("Monday to").fill("08:00")
    await page.get_by_role("button", name="Add a date").click()
    await page.get_by_role("button", name="Save hours").click()
    await expect(page.get_by_role("alert").filter(has_text="must come after")).to_be_visible()
    await clean(page, "hours, refused")


@pytest.mark.timeout(120)
async def test_the_doors_of_the_room(visit: Visit, stack: StackEnv) -> None:
    visitor = await visit()
    learner, teacher = await pair(stack)
    stranger = await sign_up(stack, unlike_others("Eve"))
    rooms = {
        "unknown_room": "room-00000000",
        "not_a_participant": await agree(stack, stranger, teacher, minutes=900),
        "too_early": await agree(stack, learner, teacher, minutes=600 + 1440),
        "session_over": await held(stack, learner, teacher, "Long ago"),
    }
    page = visitor.page
    await page.goto(f"{visitor.site}/room.html?room=room-00000000")
    await expect(page.get_by_role("heading", name="Sign in to enter the room")).to_be_visible()
    await clean(page, "room, signed out")
    shut = page.get_by_test_id("refused")
    for code, room in rooms.items():
        await enter_room(visitor, learner, room)
        await expect(shut).to_have_attribute("data-code", code)
        await clean(page, f"room, {code}")
    await page.route("**/rpc/room_access", lambda route: route.abort())
    await page.reload()
    await expect(shut).to_contain_text("cannot be reached")
    await clean(page, "room, no server")
    await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.timeout(120)
async def test_the_room(visit: Visit, red: Browser, blue: Browser, stack: StackEnv) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    one, other, second = await visit(red), await visit(blue), await visit(red)
    for visitor, person in ((one, student), (other, mentor), (second, student)):
        await enter_room(visitor, person, room)
    page = one.page
    await expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    await clean(page, "lobby")
    await at_twice_the_size(page, "lobby")
    await join(one)
    await in_state(page, "waiting")
    await clean(page, "waiting")
    await join(other)
    await in_state(page, "connected")
    await clean(page, "call")
    await page.get_by_role("button", name="Chat").click()
    await page.get_by_label("Message", exact=True).fill("Hello")
    await page.keyboard.press("Enter")
    await other.page.get_by_role("button", name="Mute").click()
    await other.page.get_by_role("button", name="Stop camera").click()
    await expect(page.get_by_text("has the camera off")).to_be_visible()
    await clean(page, "call with chat, the other side muted")
    await at_twice_the_size(page, "call")
    await join(second)
    await expect(page.get_by_test_id("refused")).to_have_attribute("data-code", "replaced")
    await clean(page, "replaced")
    await second.page.get_by_role("button", name="Leave").click()
    await clean(second.page, "left")


async def at_twice_the_size(page: Page, state: str) -> None:
    """Narrow and wide, with text at 200%."""
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    for width in (360, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await fits(page, f"{state} at {width} px")
        await clean(page, f"{state} at {width} px, text at 200%")
    await page.evaluate("document.documentElement.style.fontSize = ''")
