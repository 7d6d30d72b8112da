"""The promise of the product, in two real browsers: ask, be told, approve, meet, talk."""

from __future__ import annotations

import asyncio
import datetime

from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.chromium import BLUE, RED
from tests.web.conftest import Visit
from tests.web.rooms import agree, ask, in_state, sees
from tests.web.visitor import meet, unlike_others

# When the first toast stood on the page, by the clock that database and browsers share here.
FIRST_TOAST = """() => new Promise((tell) => {
    const look = () => document.querySelector('[data-testid=toast]') && tell(Date.now());
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
})"""


async def test_student_and_mentor_go_from_request_to_a_call(
    visit: Visit, red: Browser, blue: Browser
) -> None:
    student = await visit(red, zone="Europe/Berlin")
    mentor = await visit(
        blue, zone="Asia/Kolkata", permissions=["clipboard-read", "clipboard-write"]
    )
    await mentor.sign_up("Grace Story", mentor=True, zone="Asia/Kolkata")
    await student.sign_up("Ada Story", zone="Europe/Berlin")

    await student.fill_request(
        mentor.name, "Bayes by hand", minutes=8, text="I am stuck on priors."
    )
    told = asyncio.ensure_future(mentor.page.evaluate(FIRST_TOAST))
    async with student.page.expect_response("**/rpc/request_session") as answer:
        await student.page.get_by_role("button", name="Request Session").click()
    made = await (await answer.value).json()
    written = datetime.datetime.fromisoformat(made["created_at"]).timestamp() * 1000
    assert await told - written < 2000
    toast = mentor.page.locator("article.toast-request")
    await expect(toast).to_contain_text("New session request!")
    await expect(toast).to_contain_text("Bayes by hand")
    for text in (
        student.name,
        "30 min",
        "I am stuck on priors.",
        f"for {student.name} in Berlin",
    ):
        await expect(toast).to_contain_text(text)
    await expect(mentor.page.get_by_test_id("pending-count")).to_contain_text("1")

    await toast.get_by_role("button", name="Approve").click()
    await expect(student.page.get_by_test_id("toast").filter(has_text="approved")).to_be_visible()
    await student.go("Upcoming")
    rooms = []
    for one in (student, mentor):
        session = one.page.get_by_test_id("session").filter(has_text="Bayes by hand")
        await expect(session).to_be_visible()
        rooms.append(await session.get_attribute("data-room"))
    assert rooms[0] == rooms[1]

    await mentor.page.get_by_role("button", name=f"Copy room id {rooms[0]}").click()
    assert await mentor.page.evaluate("navigator.clipboard.readText()") == rooms[0]

    for one in (student, mentor):
        await one.page.get_by_role("link", name="Join Video Call").first.click()
        await one.page.get_by_role("button", name="Join", exact=True).click()
    for one in (student, mentor):
        await in_state(one.page, "connected")
    await sees(student.page, BLUE)
    await sees(mentor.page, RED)

    for one in (student, mentor):
        await one.page.get_by_role("button", name="Chat").click()
    await student.page.get_by_label("Message", exact=True).fill("Can you hear me?")
    await student.page.keyboard.press("Enter")
    await expect(mentor.page.get_by_text("Can you hear me?").first).to_be_visible()

    await student.page.reload()
    await student.page.get_by_role("button", name="Join", exact=True).click()
    for one in (student, mentor):
        await in_state(one.page, "connected")
    await sees(student.page, BLUE)
    await sees(mentor.page, RED)

    third = await visit(red)
    await third.enter("Eve Story", path=f"/room.html?room={rooms[0]}")
    refused = third.page.get_by_test_id("refused")
    await expect(refused).to_have_attribute("data-code", "not_a_participant")
    await expect(refused).to_contain_text("belongs to other people")


async def test_a_rejection_needs_a_reason_and_the_student_reads_it(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Reject")
    await ask(stack, learner, teacher, "A question of taste", minutes=90)
    await student.go("Requests")
    toast = mentor.page.locator("article.toast-request")
    for text in (student.name, "Rated 4.5 of 5", "30 min", "A question of taste"):
        await expect(toast).to_contain_text(text)

    await mentor.go("Requests")
    await mentor.page.get_by_test_id("request").get_by_role("button", name="Reject").click()
    dialog = mentor.page.get_by_role("dialog", name="Reject this request")
    await dialog.get_by_label("Reason").fill("   ")
    await dialog.get_by_role("button", name="Reject request").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Write a reason")
    await dialog.get_by_label("Reason").fill("I am away that day.\nTry Monday?")
    await dialog.get_by_role("button", name="Reject request").click()
    await expect(dialog).to_be_hidden()

    await expect(
        student.page.get_by_test_id("toast").filter(has_text="I am away that day.")
    ).to_be_visible()
    card = student.page.get_by_test_id("request").filter(has_text="A question of taste")
    await expect(card).to_have_attribute("data-status", "rejected")
    await expect(card).to_contain_text("I am away that day.")


async def test_a_withdrawn_request_leaves_the_mentors_list(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Withdraw")
    await ask(stack, learner, teacher, "Never mind", minutes=90)
    waiting = mentor.page.get_by_role("listitem").filter(has_text="Never mind")
    await expect(waiting).to_be_visible()
    await student.page.get_by_role("button", name="Withdraw Never mind").click()
    await expect(mentor.page.get_by_test_id("toast").filter(has_text="withdrew")).to_be_visible()
    await expect(waiting).to_be_hidden()


async def test_a_session_can_be_cancelled_and_the_other_side_is_told_why(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    learner, teacher = await meet(student, mentor, "Cancel")
    await agree(stack, learner, teacher, "Called off", minutes=600)
    await mentor.page.get_by_role("button", name="Cancel… Called off").click()
    dialog = mentor.page.get_by_role("dialog", name="Cancel this session")
    await dialog.get_by_label("Reason").fill("The train stands still.")
    await dialog.get_by_role("button", name="Cancel session").click()
    await expect(
        student.page.get_by_test_id("toast").filter(has_text="The train stands still.")
    ).to_be_visible()
    await student.go("History")
    await expect(
        student.page.get_by_test_id("session").filter(has_text="Called off")
    ).to_contain_text("cancelled")


# A page can neither be sent to the background by a test nor its system notices be read: both are
# the browser's, and recorded here in its place.
BACKGROUND = """() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    window.shown = [];
    window.Notification = class {
        static permission = 'granted';
        constructor(title, { body }) { window.shown.push([title, body]); }
    };
}"""


async def test_a_page_in_the_background_tells_through_the_browser(
    visit: Visit, stack: StackEnv
) -> None:
    mentor = await visit()
    teacher = await mentor.enter("Grace Behind", mentor=True)
    learner = await sign_up(stack, unlike_others("Ada"))
    await mentor.page.evaluate(BACKGROUND)
    await ask(stack, learner, teacher, "Knock, knock", minutes=300)
    await expect(mentor.page.get_by_test_id("toast")).to_be_visible()
    shown = await mentor.page.evaluate("shown")
    assert shown == [["New session request!", "Knock, knock"]]
