"""Many requests, answered at once."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.conftest import Visit
from tests.web.rooms import ask
from tests.web.visitor import Visitor, meet, unlike_others


async def choose(mentor: Visitor, *titles: str) -> None:
    for title in titles:
        await mentor.page.get_by_role("checkbox", name=f"Choose {title}").check()


async def stands(visitor: Visitor, title: str, status: str) -> None:
    card = visitor.page.get_by_test_id("request").filter(has_text=title)
    await expect(card).to_have_attribute("data-status", status)


async def test_chosen_requests_are_approved_and_a_lost_slot_is_named(
    visit: Visit, blue: Browser, stack: StackEnv
) -> None:
    mentor = await visit(blue)
    teacher = await mentor.enter("Grace Many", mentor=True)
    ada, eve = [await sign_up(stack, unlike_others(name)) for name in ("Ada", "Eve")]
    await ask(stack, ada, teacher, "The first", minutes=300)
    await ask(stack, eve, teacher, "Overlapping", minutes=315)
    await ask(stack, ada, teacher, "The third", minutes=700)
    await ask(stack, eve, teacher, "Left alone", minutes=900)
    await mentor.go("Requests")
    await expect(mentor.page.get_by_test_id("request")).to_have_count(4)
    await choose(mentor, "The first", "Overlapping", "The third")
    await mentor.page.get_by_role("button", name="Approve chosen").click()
    told = mentor.page.get_by_test_id("toast").filter(has_text="2 of 3 approved")
    await expect(told).to_be_visible()
    await stands(mentor, "The first", "approved")
    await stands(mentor, "The third", "approved")
    await stands(mentor, "Left alone", "pending")
    await expect(told).to_contain_text("Overlapping: ")


async def test_chosen_requests_are_rejected_with_one_reason(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "None")
    for number in range(3):
        await ask(stack, learner, teacher, f"Number {number}", minutes=300 + 200 * number)
    await student.go("Requests")
    await mentor.go("Requests")
    cards = mentor.page.get_by_test_id("request")
    await expect(cards).to_have_count(3)
    await mentor.page.get_by_role("checkbox", name="Choose all").check()
    await expect(mentor.page.get_by_text("3 chosen")).to_be_visible()
    await mentor.page.get_by_role("checkbox", name="Choose Number 2").uncheck()
    await mentor.page.get_by_role("button", name="Reject chosen").click()
    dialog = mentor.page.get_by_role("dialog", name="Reject the chosen requests")
    await expect(dialog).to_contain_text("2 requests")
    await dialog.get_by_role("button", name="Reject requests").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Write a reason")
    await dialog.get_by_label("Reason").fill("Exams first.")
    await dialog.get_by_role("button", name="Reject requests").click()
    await expect(dialog).to_be_hidden()
    for number, status in ((0, "rejected"), (1, "rejected"), (2, "pending")):
        for one in (student, mentor):
            await stands(one, f"Number {number}", status)
    for number in (0, 1):
        card = student.page.get_by_test_id("request").filter(has_text=f"Number {number}")
        await expect(card).to_contain_text("Exams first.")


async def test_a_chosen_request_that_is_withdrawn_is_no_longer_chosen(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Fewer")
    for number in range(3):
        await ask(stack, learner, teacher, f"Number {number}", minutes=300 + 200 * number)
    await mentor.go("Requests")
    await choose(mentor, "Number 0", "Number 1")
    await student.go("Requests")
    await student.page.get_by_role("button", name="Withdraw Number 0").click()
    await expect(mentor.page.get_by_text("1 chosen")).to_be_visible()
