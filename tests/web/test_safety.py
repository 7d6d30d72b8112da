"""What strangers write stays text, nothing foreign runs, no secret ships, the pages stay small."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.stack import StackEnv
from tests.web.conftest import Visit
from tests.web.rooms import agree, enter_room, in_state, join, pair

HOSTILE = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    "<b>bold</b>${7*7}{{7*7}}\u202e\"'`"
)


async def test_hostile_names_titles_reasons_and_messages_stay_text(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await visit(red), await visit(blue)
    await mentor.enter(f"Grace <i>{HOSTILE[:40]}", mentor=True)
    await student.enter("Ada <svg/onload=window.pwned=1>")
    # Mentors, form, toast, request, session and notices all show them.
    await student.ask(mentor.name, HOSTILE[:110], minutes=5, text=HOSTILE * 3)
    toast = mentor.page.get_by_test_id("toast")
    await expect(toast).to_contain_text("<script>window.pwned=1</script>")
    await expect(toast).to_contain_text("<svg/onload")
    await toast.get_by_role("button", name="Approve").click()
    for page in (student.page, mentor.page):
        for name in ("", "requests", "mentors", "history", "notices", "profile"):
            await page.goto(f"{student.site if page is student.page else mentor.site}/#/{name}")
            await expect(page.locator("main h1")).to_be_visible()
        await expect(page.locator("main img, main script, main b:text('bold')")).to_have_count(0)
        assert await page.evaluate("window.pwned") is None
    await student.dismiss_all()
    await student.ask(mentor.name, "Refuse me", minutes=300)
    await mentor.go("Requests")
    await (
        mentor.page.get_by_test_id("request")
        .get_by_role("button", name="Reject… Refuse me")
        .click()
    )
    await mentor.page.get_by_label("Reason").fill(HOSTILE)
    await mentor.page.get_by_role("button", name="Reject request").click()
    reason = student.page.get_by_test_id("request").filter(has_text="Refuse me")
    await expect(reason).to_contain_text("<b>bold</b>${7*7}{{7*7}}")
    assert await student.page.evaluate("window.pwned") is None


async def test_hostile_chat_stays_text(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    one, other = await visit(red), await visit(blue)
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor, title=HOSTILE[:100])
    for visitor, person in ((one, student), (other, mentor)):
        await enter_room(visitor, person, room)
        await join(visitor)
    for visitor in (one, other):
        await in_state(visitor.page, "connected")
        await visitor.page.get_by_role("button", name="Chat").click()
    await one.page.get_by_label("Message", exact=True).fill(HOSTILE)
    await one.page.keyboard.press("Enter")
    await expect(other.page.get_by_role("complementary")).to_contain_text("<b>bold</b>${7*7}")
    assert await other.page.evaluate("window.pwned") is None


async def test_the_policy_stops_foreign_code(visit: Visit) -> None:
    visitor = await visit()
    for path in ("/", "/room.html"):
        await visitor.page.goto(f"{visitor.site}{path}")
        policy = await visitor.page.locator(
            "meta[http-equiv='Content-Security-Policy']"
        ).get_attribute("content")
        assert policy is not None
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        ran = await visitor.page.evaluate(
            """() => {
                const script = document.createElement('script');
                try { script.textContent = 'window.pwned = 1'; } catch { return 'refused'; }
                document.head.append(script);
                return window.pwned ?? 'stopped';
            }"""
        )
        assert ran in ("refused", "stopped")
        assert await visitor.page.evaluate(
            "() => { try { document.body.innerHTML = '<p>' } catch { return true } return false }"
        )
    visitor.faults.clear()  # The refusals above are what was asked for.


def test_no_secret_is_in_the_pages(pages: tuple[Path, str]) -> None:
    for file in pages[0].iterdir():
        content = file.read_bytes()
        assert not re.search(rb"sb_secret_[A-Za-z0-9]", content), file
        assert not re.search(rb"eyJ[A-Za-z0-9_-]{20,}\.eyJ", content), file


def test_the_dashboard_is_within_its_budget(pages: tuple[Path, str]) -> None:
    said = re.search(r"dashboard: ([\d.]+) KB gzip in all", pages[1])
    assert said, pages[1]
    assert float(said[1]) <= 110


def test_every_bundled_package_is_named_with_its_licence(pages: tuple[Path, str]) -> None:
    notices = (pages[0] / "third-party-notices.txt").read_text()
    for package in (
        "lit-html",
        "@supabase/supabase-js",
        "socket.io-client",
        "@fontsource-variable/figtree",
    ):
        assert re.search(rf"^{re.escape(package)} \d", notices, re.MULTILINE), package
