"""What goes wrong outside the page costs nobody what they typed."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.async_api import Browser, expect

from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.web.axe import clean
from tests.web.conftest import Visit
from tests.web.line import line_to
from tests.web.rooms import agree, ask, mentor_of, pair
from tests.web.site import config_of, serve
from tests.web.visitor import unlike_others


async def test_an_approval_that_fails_is_taken_back(
    visit: Visit, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    async with line_to(stack.supabase_url) as line:
        with serve(pages[0], config_of(stack, supabaseUrl=line.url)) as site:
            mentor = await visit(blue, site=site)
            teacher = await mentor.enter("Grace Back", mentor=True)
            learner = await sign_up(stack, unlike_others("Ada"))
            await ask(stack, learner, teacher, "Not yet", minutes=300)
            await mentor.go("Requests")
            card = mentor.page.get_by_test_id("request").filter(has_text="Not yet")
            await expect(card).to_be_visible()
            await line.cut()
            await card.get_by_role("button", name="Approve").click()
            failed = mentor.page.get_by_test_id("toast").filter(has_text="Could not approve")
            await expect(failed).to_contain_text("cannot be reached")
            await expect(mentor.page.locator(".outage")).to_be_visible()
            await clean(mentor.page, "nobody answers")
            await expect(card).to_have_attribute("data-status", "pending")
            await line.mend()
            await expect(mentor.page.locator(".live-live")).to_be_attached(timeout=20_000)
            await card.get_by_role("button", name="Approve").click()
            await expect(
                mentor.page.get_by_test_id("request").filter(has_text="Not yet")
            ).to_have_attribute("data-status", "approved")
            await mentor.close()


EXPIRE = """() => {
    const session = JSON.parse(localStorage.getItem('mentorkit-session'));
    session.expires_at = Math.floor(Date.now() / 1000) - 60;
    localStorage.setItem('mentorkit-session', JSON.stringify(session));
}"""


async def test_an_expired_token_is_renewed_without_a_word(visit: Visit, stack: StackEnv) -> None:
    student, mentor = await visit(), await mentor_of(stack)
    await student.enter("Ada Renew")
    await student.fill_request(mentor.name, "Renewed", minutes=300)
    await student.page.evaluate(EXPIRE)
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(student.page.get_by_test_id("request").filter(has_text="Renewed")).to_be_visible()


async def test_a_sign_in_that_ended_asks_for_the_password_and_keeps_the_form(
    visit: Visit, stack: StackEnv
) -> None:
    student, mentor = await visit(), await mentor_of(stack)
    person = await student.enter("Ada Ended")
    await student.fill_request(mentor.name, "Kept too", minutes=300, text="Every word.")
    token = await student.page.evaluate(
        "JSON.parse(localStorage.getItem('mentorkit-session')).access_token"
    )
    async with httpx.AsyncClient(base_url=stack.supabase_url) as http:
        gone = await http.post(
            "/auth/v1/logout?scope=global",
            headers={"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"},
        )
        assert gone.status_code == 204
    await student.page.evaluate(EXPIRE)
    await student.page.get_by_role("button", name="Request Session").click()
    dialog = student.page.get_by_role("dialog", name="Sign in again")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_label("Password")).to_be_focused()
    await clean(student.page, "sign in again")
    await dialog.get_by_label("Password").fill("wrong")
    await student.page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("do not belong together")
    await dialog.get_by_label("Password").fill(person.password)
    await student.page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await student.still_typed("Kept too", "Every word.")
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(student.page.get_by_test_id("request").filter(has_text="Kept too")).to_be_visible()


async def test_a_reload_loses_nothing_of_the_form(visit: Visit, stack: StackEnv) -> None:
    student, mentor = await visit(), await mentor_of(stack)
    await student.enter("Ada Reload")
    await student.fill_request(mentor.name, "Typed once", minutes=300, text="Only once.")
    await student.page.reload()
    await student.still_typed("Typed once", "Only once.")


async def test_a_taken_time_is_said_at_the_field_and_the_form_stays(
    visit: Visit, stack: StackEnv
) -> None:
    student, (rival, mentor) = await visit(), await pair(stack)
    await student.enter("Ada Taken")
    await student.fill_request(mentor.name, "Too late", minutes=300, text="I was quick.")
    await agree(stack, rival, mentor, minutes=300)
    await student.page.get_by_role("button", name="Request Session").click()
    await expect(student.page.locator("#time-error")).to_contain_text("just been taken")
    await expect(student.page.get_by_label("Time your clock")).to_be_focused()
    await student.still_typed("Too late", "I was quick.")


async def test_an_empty_or_past_request_is_refused_at_its_fields(
    visit: Visit, stack: StackEnv
) -> None:
    student, mentor = await visit(), await mentor_of(stack)
    await student.enter("Ada Empty")
    await student.page.goto(f"{student.site}/#/request")
    page = student.page
    await page.get_by_role("button", name="Request Session").click()
    for text in (
        "Choose a mentor.",
        "Choose a subject.",
        "Give the session a title.",
        "Choose a date.",
        "Choose a time.",
    ):
        await expect(page.get_by_text(text)).to_be_visible()
    await expect(page.get_by_label("Mentor")).to_be_focused()
    await student.fill_request(mentor.name, "Yesterday", minutes=0)
    await page.get_by_role("button", name="Request Session").click()
    await expect(page.get_by_text("already in the past")).to_be_visible()
