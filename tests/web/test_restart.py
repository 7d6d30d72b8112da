"""The gateway itself dies under open pages and is started again: they say so, and come back."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.support.own_stack import OwnStack
from tests.support.people import Person, sign_up
from tests.support.spare_gateway import SpareGateway
from tests.support.stack import StackEnv, start_stack, stop_stack
from tests.web.conftest import Visit
from tests.web.rooms import ask
from tests.web.servers import free_port
from tests.web.site import config_of, serve
from tests.web.visitor import Visitor, meet, unlike_others

BACK = 30_000


async def says_that_nobody_answers(visitor: Visitor) -> None:
    """Without being asked: at the top, and as a message to all."""
    await expect(visitor.page.get_by_text("Reconnecting")).to_be_visible()
    banner = visitor.page.get_by_role("alert").filter(has_text="cannot be reached")
    await expect(banner.first).to_be_visible()


async def is_back(visitor: Visitor) -> None:
    """Changes flow again, and nothing is complained about any more. Nobody pressed anything."""
    await expect(visitor.page.locator(".live-live")).to_be_attached(timeout=BACK)
    await expect(visitor.page.locator(".banner")).to_have_count(0, timeout=BACK)


async def test_a_killed_gateway_comes_back_and_what_happened_meanwhile_is_told(
    visit: Visit, blue: Browser, stack: StackEnv, stack_data: Path, pages: tuple[Path, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    # A gateway process of one's own on the stack's database: the stack's own goes on, so that
    # something can happen while these pages have nobody to talk to.
    gateway = SpareGateway(stack_data, tmp_path, free_port())
    await gateway.start()
    try:
        with serve(pages[0], config_of(stack, supabaseUrl=gateway.url)) as site:
            student, mentor = await visit(site=site), await visit(blue, site=site)
            _, teacher = await meet(student, mentor, "Away")
            await student.fill_request(mentor.name, "Kept", minutes=300, text="All of it.")

            gateway.kill()
            for one in (student, mentor):
                await says_that_nobody_answers(one)
            await student.page.get_by_role("button", name="Request Session").click()
            refused = student.page.locator(".form-error").filter(has_text="cannot be reached")
            await expect(refused).to_be_visible()
            await student.page.get_by_label("Title").fill("Kept and changed")
            rival: Person = await sign_up(stack, unlike_others("Eve"))
            await ask(stack, rival, teacher, "Made while away", minutes=900)

            await gateway.start()
            for one in (student, mentor):
                await is_back(one)
            missed = mentor.page.locator("article.toast-request")
            await expect(missed.filter(has_text="Made while away")).to_be_visible()
            await student.still_typed("Kept and changed", "All of it.")
            await student.page.get_by_role("button", name="Request Session").click()
            card = student.page.get_by_test_id("request").filter(has_text="Kept and changed")
            await expect(card).to_have_count(1)
            await expect(missed.filter(has_text="Kept and changed")).to_be_visible()
            # The pages must not meet the fixture's farewell with their gateway gone.
            for one in (student, mentor):
                await one.close()
    finally:
        gateway.kill()


@pytest.mark.timeout(120)
async def test_a_stack_that_falls_and_is_started_again_finds_the_page_as_it_was(
    visit: Visit, blue: Browser, pages: tuple[Path, str], tmp_path: Path
) -> None:
    own = OwnStack(tmp_path / "stack")
    stack = start_stack(own.data)
    try:
        with serve(pages[0], config_of(stack)) as site:
            student, mentor = await visit(site=site), await visit(blue, site=site)
            for one in (student, mentor):
                one.stack = stack
            await meet(student, mentor, "Fall")
            await student.fill_request(mentor.name, "Half", minutes=300, text="Before the fall.")
            os.kill(own.pid("gateway"), signal.SIGKILL)
            await own.ended()
            await says_that_nobody_answers(student)
            await student.page.get_by_label("Title").fill("Half and half")

            await own.up(*same_ports(stack))
            for one in (student, mentor):
                await is_back(one)
            await student.still_typed("Half and half", "Before the fall.")
            await student.page.get_by_role("button", name="Request Session").click()
            toast = mentor.page.locator("article.toast-request").filter(has_text="Half and half")
            await toast.get_by_role("button", name="Approve").click()
            told = student.page.get_by_test_id("toast").filter(has_text="approved your request")
            await expect(told).to_be_visible()
            for one in (student, mentor):
                await one.close()
    finally:
        stop_stack(own.data)


def same_ports(stack: StackEnv) -> list[str]:
    """Options to start a stack where it was."""
    where = {
        "--port": stack.supabase_url, "--db-port": stack.database_url,
        "--signaling-port": stack.signaling_url, "--web-port": stack.web_url,
    }  # fmt: skip
    ports = [part for name, url in where.items() for part in (name, str(urlsplit(url).port))]
    return [*ports, "--mail-port", "0"]  # of which no page knows
