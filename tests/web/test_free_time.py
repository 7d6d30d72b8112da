"""Hours, free slots, other times, ratings, notes."""

from __future__ import annotations

import datetime

import psycopg
from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.conftest import Visit
from tests.web.rooms import agree
from tests.web.visitor import meet, soon, unlike_others


async def test_hours_become_the_students_free_times_and_a_lost_one_names_the_next(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    _, teacher = await meet(student, mentor, "Hours")
    other = await sign_up(stack, unlike_others("Rival"))
    # One stretch, on the weekday two days from now, so that the day lies in reach of the calendar.
    day = soon(2880, "Europe/Berlin").date()
    name = f"{day:%A}"
    await mentor.go("Hours")
    page = mentor.page
    await page.get_by_role("button", name=f"Add hours on {name}").click()
    await page.get_by_label(f"{name} from").fill("14:00")
    await page.get_by_label(f"{name} to").fill("13:00")
    await page.get_by_role("button", name="Save hours").click()
    await expect(
        page.get_by_role("alert").filter(has_text="the end must come after")
    ).to_be_visible()
    await page.get_by_label(f"{name} to").fill("16:00")
    await page.get_by_role("button", name="Save hours").click()
    await expect(page.get_by_test_id("toast").filter(has_text="Hours saved")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label(f"{name} from")).to_have_value("14:00")

    await student.go("Mentors")
    card = student.page.get_by_test_id("mentor").filter(has_text=mentor.name)
    await card.get_by_role("link", name="Request Session").click()
    closed = student.page.locator(f"[data-date='{day + datetime.timedelta(days=1)}']")
    if day.month != soon(0, "Europe/Berlin").month:
        await student.page.get_by_role("button", name="Next month").click()
    await expect(student.page.locator(f"[data-date='{day}']")).to_contain_text("free times")
    if day.month == (day + datetime.timedelta(days=1)).month:
        await expect(closed).to_have_attribute("aria-disabled", "true")
    await student.page.locator(f"[data-date='{day}']").click()
    free = student.page.get_by_role("group", name="Free on this day")
    await free.get_by_role("radio", name="14:00").check()
    await expect(student.page.get_by_label("Time your clock")).to_have_value("14:00")
    await student.page.get_by_label("Subject").select_option(index=1)
    await student.page.get_by_label("Title").fill("Lost slot")

    start = datetime.datetime.combine(
        day, datetime.time(14), tzinfo=soon(0, "Europe/Berlin").tzinfo
    )
    minutes = (start - soon(0, "Europe/Berlin")).total_seconds() / 60
    await agree(stack, other, teacher, "Quicker", minutes=round(minutes))
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(student.page.locator("#time-error")).to_be_visible()
    await expect(student.page.get_by_label("Title")).to_have_value("Lost slot")
    following = student.page.get_by_role("group", name="Next free times").get_by_role("button")
    await expect(following.first).to_contain_text("14:30")
    await following.first.click()
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(
        student.page.get_by_test_id("request").filter(has_text="Lost slot")
    ).to_be_visible()


async def test_another_time_is_proposed_and_accepted(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Move")
    await agree(stack, learner, teacher, "Movable", minutes=600)
    before = student.page.get_by_test_id("session")
    await expect(before).to_contain_text("Movable")
    await student.page.get_by_role("button", name="Reschedule… Movable").click()
    dialog = student.page.get_by_role("dialog", name="Propose another time")
    other = soon(5 * 1440, "Europe/Berlin")
    await dialog.get_by_label("Date").fill(f"{other:%Y-%m-%d}")
    await dialog.get_by_label("Time").fill("10:15")
    await dialog.get_by_label("Message").fill("The dentist.")
    await dialog.get_by_role("button", name="Propose").click()
    await expect(student.page.get_by_test_id("proposal")).to_contain_text("You propose")
    offer = mentor.page.get_by_test_id("proposal")
    await expect(offer).to_contain_text("10:15")
    await expect(offer).to_contain_text("The dentist.")
    await offer.get_by_role("button", name="Accept").click()
    await expect(offer).to_be_hidden()
    for one in (student, mentor):
        await expect(one.page.get_by_test_id("session")).to_contain_text("10:15")


async def test_notes_before_and_after_and_a_rating(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Rated")
    room = await agree(stack, learner, teacher, "Remembered", minutes=600)
    await student.page.get_by_role("button", name="Notes… Remembered").click()
    notes = student.page.get_by_role("dialog", name="Notes")
    await notes.get_by_role("textbox").fill("Bring <b>coffee</b>.")
    await notes.get_by_role("button", name="Save notes").click()
    await expect(notes).to_be_hidden()
    await mentor.page.reload()
    await expect(mentor.page.get_by_test_id("session")).to_contain_text("Bring <b>coffee</b>.")

    async with await psycopg.AsyncConnection.connect(
        stack.database_url.replace("//postgres:", "//supabase_admin:")
    ) as owner:
        # A day later: the only thing that cannot be waited for.
        await owner.execute("set session_replication_role = replica")
        await owner.execute(
            "update public.sessions set scheduled_time = scheduled_time - interval '1 day',"
            " end_time = end_time - interval '1 day', status = 'completed'"
            " where video_room_id = %s",
            (room,),
        )
    await student.page.reload()
    await student.go("History")
    await student.page.get_by_role("button", name="Rate… Remembered").click()
    dialog = student.page.get_by_role("dialog", name="Rate this session")
    await dialog.get_by_role("button", name="Send rating").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("one to five")
    await dialog.get_by_role("radio", name="4 stars").check()
    await dialog.get_by_label("Comment").fill("Clear and kind.")
    await dialog.get_by_role("button", name="Send rating").click()
    await expect(student.page.get_by_test_id("session")).to_contain_text("Clear and kind.")
    await mentor.page.reload()
    await mentor.go("History")
    past = mentor.page.get_by_test_id("session")
    await expect(past).to_contain_text("Clear and kind.")
    await past.get_by_role("button", name="Notes… Remembered").click()
    await mentor.page.get_by_role("dialog").get_by_role("textbox").fill("Next: conjugate priors.")
    await mentor.page.get_by_role("button", name="Save notes").click()
    await expect(past).to_contain_text("Next: conjugate priors.")
