"""What changes under a call: its session ends, a screen is shared, its path breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.stack import StackEnv
from tests.support.wait import eventually
from tests.web.chromium import BLUE, RED
from tests.web.conftest import Visit
from tests.web.rooms import agree, call, enter_room, in_state, join, like, pair, sees
from tests.web.servers import Relay, signaling
from tests.web.site import config_of, serve
from tests.web.visitor import pixel


async def test_a_session_that_is_cancelled_during_the_call_ends_it_with_a_word(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    async with signaling(stack, SIGNALING_RECHECK_SECONDS="0.3") as server:
        with serve(pages[0], config_of(stack, signalingUrl=server.url)) as site:
            one, other = await visit(red, site=site), await visit(blue, site=site)
            for visitor, person in ((one, student), (other, mentor)):
                await enter_room(visitor, person, room)
                await join(visitor)
            await in_state(one.page, "connected")
            sessions = await one.rows("sessions", video_room_id=f"eq.{room}")
            await call(
                stack, mentor, "cancel_session", session_id=sessions[0]["id"], reason="A fire drill"
            )
            for visitor in (one, other):
                over = visitor.page.get_by_test_id("refused")
                await expect(over).to_have_attribute("data-code", "session_over")
                await expect(over).to_contain_text("session is over, or it was cancelled")
                await expect(over.get_by_role("heading")).to_be_focused()
            # And the door stays shut for whoever comes later.
            await one.page.get_by_role("button", name="Try again").click()
            await expect(over).to_have_attribute("data-code", "session_over")


async def test_a_shared_screen_is_what_the_other_side_sees(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    one, other = await visit(red), await visit(blue)
    for visitor, person in ((one, student), (other, mentor)):
        await enter_room(visitor, person, room)
        await join(visitor)
    await in_state(one.page, "connected")
    await sees(other.page, RED)
    await one.page.get_by_role("button", name="Share screen").click()
    await expect(other.page.get_by_text("shares a screen")).to_be_visible()

    async def no_camera() -> bool:
        seen = await pixel(other.page, "remote")
        return seen != (0, 0, 0) and not like(seen, RED)

    await eventually(no_camera, within=15)
    # Muting the camera meanwhile does not blank the screen.
    await one.page.get_by_role("button", name="Stop camera").click()
    await expect(other.page.get_by_test_id("remote")).to_be_visible()
    await one.page.get_by_role("button", name="Start camera").click()
    await one.page.get_by_role("button", name="Stop sharing").click()
    await expect(other.page.get_by_text("shares a screen")).to_be_hidden()
    await sees(other.page, RED)


@pytest.mark.timeout(120)
async def test_a_call_whose_path_broke_finds_another(
    visit: Visit, red: Browser, blue: Browser, stack: StackEnv, pages: tuple[Path, str]
) -> None:
    student, mentor = await pair(stack)
    room = await agree(stack, student, mentor)
    secret = "kept between two servers"
    async with Relay(secret) as relay:
        settings = {"SIGNALING_TURN_URLS": relay.url, "SIGNALING_TURN_SECRET": secret}
        async with signaling(stack, **settings) as server:
            with serve(pages[0], config_of(stack, signalingUrl=server.url)) as site:
                one, other = await visit(red, site=site), await visit(blue, site=site)
                for visitor, person in ((one, student), (other, mentor)):
                    await enter_room(visitor, person, room, "&relay")
                    await join(visitor)
                for visitor in (one, other):
                    await in_state(visitor.page, "connected")
                await one.page.get_by_role("button", name="Chat").click()
                await one.page.get_by_label("Message", exact=True).fill("Half a sen")
                # Every packet went through it: to the call this is a network that is gone.
                await relay.kill()
                for visitor in (one, other):
                    await in_state(visitor.page, "reconnecting")
                await relay.start()
                for visitor in (one, other):
                    await in_state(visitor.page, "connected", within=45)
                await sees(one.page, BLUE)
                await sees(other.page, RED)
                message = one.page.get_by_label("Message", exact=True)
                await expect(message).to_have_value("Half a sen")
                for visitor in (one, other):
                    await visitor.page.get_by_role("button", name="Leave").click()
