"""The room: who may enter, what it says when something is missing, relays, and coming back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright, expect

from tests.support.stack import StackEnv
from tests.support.wait import eventually
from tests.web.axe import clean
from tests.web.chromium import BLUE, FAKE_DEVICES, RED, launch
from tests.web.conftest import Visit
from tests.web.rooms import agree, enter_room, in_state, join, pair, sees
from tests.web.servers import Relay, signaling
from tests.web.site import config_of, serve

DENIED = ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")


async def test_a_second_device_replaces_the_first(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    laptop, other, phone = await visit(red), await visit(blue), await visit(red)
    for visitor, person in ((laptop, student), (other, mentor), (phone, student)):
        await enter_room(visitor, person, room)
    await join(laptop)
    await join(other)
    await in_state(laptop.page, "connected")
    await join(phone)
    await expect(laptop.page.get_by_test_id("refused")).to_have_attribute("data-code", "replaced")
    for page in (phone.page, other.page):
        await in_state(page, "connected")
    await sees(phone.page, BLUE)
    await sees(other.page, RED)


async def test_leaving_is_seen_and_one_can_come_back(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    one, other = await visit(red), await visit(blue)
    for visitor, person in ((one, student), (other, mentor)):
        await enter_room(visitor, person, room)
        await join(visitor)
    for visitor in (one, other):
        await in_state(visitor.page, "connected")
    await one.page.get_by_role("button", name="Stop camera").click()
    await expect(other.page.get_by_text("has the camera off")).to_be_visible()
    await one.page.get_by_role("button", name="Start camera").click()
    await one.page.get_by_role("button", name="Leave").click()
    await expect(one.page.get_by_role("heading", name="You have left the room")).to_be_focused()
    await in_state(other.page, "waiting")
    await one.page.get_by_role("button", name="Enter again").click()
    await join(one)
    for visitor, colour in ((one, BLUE), (other, RED)):
        await in_state(visitor.page, "connected")
        await sees(visitor.page, colour)


async def test_a_call_can_be_forced_through_a_relay(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    async with (
        Relay("the relay's secret") as relay,
        signaling(
            stack, SIGNALING_TURN_URLS=relay.url, SIGNALING_TURN_SECRET="the relay's secret"
        ) as server,
    ):
        with serve(pages[0], config_of(stack, signalingUrl=server.url)) as site:
            one, other = await visit(red, site=site), await visit(blue, site=site)
            for visitor, person in ((one, student), (other, mentor)):
                await enter_room(visitor, person, room, "&relay")
                await join(visitor)
            for visitor, colour in ((one, BLUE), (other, RED)):
                await in_state(visitor.page, "connected")
                await sees(visitor.page, colour)
            stats = await one.page.evaluate("async () => Object.values(await mentorkitStats())")
            used = next(
                entry
                for entry in stats
                if entry["type"] == "candidate-pair" and entry.get("nominated")
            )
            local = next(entry for entry in stats if entry["id"] == used["localCandidateId"])
            assert local["candidateType"] == "relay"
            for visitor in (one, other):
                await visitor.page.get_by_role("button", name="Leave").click()


async def test_a_relay_that_refuses_its_credentials_is_shown(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    async with (
        Relay("one secret") as relay,
        signaling(stack, SIGNALING_TURN_URLS=relay.url, SIGNALING_TURN_SECRET="another") as server,
    ):
        with serve(pages[0], config_of(stack, signalingUrl=server.url)) as site:
            one, other = await visit(red, site=site), await visit(blue, site=site)
            for visitor, person in ((one, student), (other, mentor)):
                await enter_room(visitor, person, room, "&relay")
                await join(visitor)
            for visitor in (one, other):
                await expect(visitor.page.get_by_test_id("trouble")).to_contain_text(
                    "relay server refused its credentials", timeout=15_000
                )
            for visitor in (one, other):
                await visitor.page.get_by_role("button", name="Leave").click()


async def test_the_door_says_why_it_is_shut(visit: Visit, stack: StackEnv) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor, minutes=600)
    visitor = await visit()
    await enter_room(visitor, student, room)
    shut = visitor.page.get_by_test_id("refused")
    await expect(shut).to_have_attribute("data-code", "too_early")
    await expect(shut).to_contain_text("It opens")
    await visitor.page.goto(f"{visitor.site}/room.html?room=room-00000000")
    await expect(shut).to_have_attribute("data-code", "unknown_room")
    await visitor.page.goto(f"{visitor.site}/room.html?room=<b>nonsense</b>")
    await expect(shut).to_contain_text("<b>nonsense</b>")


@pytest.mark.parametrize(
    ("flags", "host", "message"),
    [
        (DENIED, "127.0.0.1", "does not let this page use"),
        ((), "127.0.0.1", "No camera or microphone was found"),
        (FAKE_DEVICES, "127.0.0.1.nip", "not opened over https"),
    ],
    ids=["permission denied", "no device", "insecure origin"],
)  # fmt: skip
async def test_each_way_to_have_no_camera_has_its_own_words(
    playwright: Playwright, visit: Visit, stack: StackEnv, pages: tuple[Path, str],
    flags: tuple[str, ...], host: str, message: str,
) -> None:  # fmt: skip
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    # A name that is not localhost but leads here: plain http there is no secure origin.
    browser = await launch(playwright, *flags, f"--host-resolver-rules=MAP {host} 127.0.0.1")
    try:
        with serve(pages[0], config_of(stack)) as site:
            visitor = await visit(browser, site=site.replace("127.0.0.1", host))
            await enter_room(visitor, student, room)
            await expect(visitor.page.get_by_role("alert").filter(has_text=message)).to_be_visible()
            await clean(visitor.page, message)
            join_anyway = visitor.page.get_by_role(
                "button", name="Join without camera and microphone"
            )
            await join_anyway.click()
            await in_state(visitor.page, "waiting")
            await visitor.page.context.close()
    finally:
        await browser.close()


async def test_signaling_may_die_during_a_call(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    async with signaling(stack) as server:
        with serve(pages[0], config_of(stack, signalingUrl=server.url)) as site:
            one, other = await visit(red, site=site), await visit(blue, site=site)
            for visitor, person in ((one, student), (other, mentor)):
                await enter_room(visitor, person, room)
                await join(visitor)
            for visitor in (one, other):
                await in_state(visitor.page, "connected")
                await visitor.page.get_by_role("button", name="Chat").click()
            await server.kill()
            await expect(one.page.get_by_test_id("trouble")).to_contain_text(
                "A running call goes on"
            )
            await sees(one.page, BLUE)
            await one.page.get_by_label("Message", exact=True).fill("Still here?")
            await one.page.keyboard.press("Enter")
            await expect(other.page.get_by_text("Still here?").first).to_be_visible()

            await one.page.get_by_label("Message", exact=True).fill("Half a sen")
            await server.start()
            for visitor in (one, other):
                await expect(visitor.page.get_by_test_id("trouble")).to_be_hidden(timeout=20_000)
                await in_state(visitor.page, "connected")
            await sees(one.page, BLUE)
            await expect(one.page.get_by_label("Message", exact=True)).to_have_value("Half a sen")

            async def heard() -> bool:
                await one.page.get_by_label("Message", exact=True).fill("And again")
                await one.page.keyboard.press("Enter")
                return await other.page.get_by_text("And again").first.is_visible()

            await eventually(heard, within=10)
            for visitor in (one, other):
                await visitor.page.get_by_role("button", name="Leave").click()
