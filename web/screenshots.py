"""Make the pictures of the README, in docs/images: small PNG files of a stack started for this.

    python -m web.screenshots [--all DIR]

With --all, every page in every size and theme is put into DIR, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from web.scene import OPEN_DAYS, PASSWORD, UTC, Backend, ask_of, tell

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SIZES = {360: 740, 768: 1024, 1280: 800}
PORTS = ("--port", "0", "--db-port", "0", "--signaling-port", "0", "--web-port", "0")


def camera(file: Path, sky: tuple[int, int, int], coat: tuple[int, int, int]) -> str:
    """A film of somebody in front of a wall, drawn; the flag that makes it a camera."""
    frames = BytesIO()
    for step in range(8):
        picture = Image.new("RGB", (640, 480), sky)
        draw = ImageDraw.Draw(picture)
        sway = (0, 1, 2, 3, 3, 2, 1, 0)[step]
        draw.rectangle((0, 330, 640, 480), fill=tuple(int(part * 0.86) for part in sky))
        draw.ellipse((120 + sway, 300, 520 + sway, 700), fill=coat)
        draw.rectangle((285 + sway, 250, 355 + sway, 330), fill=(190, 138, 110))
        draw.ellipse((230 + sway, 90, 410 + sway, 300), fill=(214, 160, 130))
        draw.pieslice((220 + sway, 70, 420 + sway, 290), 175, 365, fill=(52, 38, 34))
        draw.ellipse((275 + sway, 185, 293 + sway, 203), fill=(40, 30, 28))
        draw.ellipse((347 + sway, 185, 365 + sway, 203), fill=(40, 30, 28))
        draw.arc((285 + sway, 205, 355 + sway, 260), 25, 155, fill=(130, 60, 55), width=5)
        picture.save(frames, "JPEG", quality=88)
    file.write_bytes(frames.getvalue())
    return f"--use-file-for-fake-video-capture={file}"


async def launch(playwright: Playwright, film: str) -> Browser:
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--allow-loopback-in-peer-connection",
        film,
    ]
    return await playwright.chromium.launch(
        executable_path=chromium, args=[*root, *flags, "--disable-background-networking"]
    )


async def enter(browser: Browser, web: str, person: dict[str, str], width: int, theme: str) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": SIZES[width]}, color_scheme=theme, locale="en-GB",  # type: ignore[arg-type]
        timezone_id="Europe/Berlin", reduced_motion="reduce",
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(web)
    await page.get_by_label("E-mail").fill(person["email"])
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator(".live-live")).to_be_attached()
    await expect(page.get_by_test_id("session").first).to_be_visible()
    return page


async def ask_form(page: Page, web: str, mentor: dict[str, str]) -> None:
    await page.goto(f"{web}/#/request/{mentor['id']}")
    await page.get_by_label("Subject").select_option(index=1)
    await page.get_by_label("Title").fill("Confidence intervals")
    await page.get_by_label("Description").fill("I can compute one. I cannot say what it means.")
    day = datetime.datetime.now(UTC).date() + datetime.timedelta(days=3)
    while day.isoweekday() not in OPEN_DAYS:
        day += datetime.timedelta(days=1)
    if not await page.locator(f"[data-date='{day}']").count():
        await page.get_by_role("button", name="Next month").click()
    await page.locator(f"[data-date='{day}']").click()
    await page.get_by_role("group", name="Free on this day").get_by_role("radio").nth(2).check()
    await page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")


async def call(
    red: Browser,
    blue: Browser,
    web: str,
    ada: dict[str, str],
    grace: dict[str, str],
    width: int,
    theme: str,
    save: Callable[[bytes, str], None],
) -> None:
    pages = [await enter(red, web, ada, width, theme), await enter(blue, web, grace, width, theme)]
    room = (
        await pages[0]
        .get_by_test_id("session")
        .filter(has_text="Bayes by hand")
        .get_attribute("data-room")
    )
    for page in pages:
        await page.goto(f"{web}/room.html?room={room}")
        await expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    await pages[0].wait_for_timeout(700)
    save(await pages[0].screenshot(), f"lobby-{theme}-{width}")
    for page in pages:
        await page.get_by_role("button", name="Join", exact=True).click()
    for page in pages:
        await expect(page.get_by_test_id("call-state")).to_have_attribute(
            "data-state", "connected", timeout=15_000
        )
    for page, text in (
        (pages[0], "Here is my prior: 1 in 10."),
        (pages[1], "Good. Now the likelihood."),
    ):
        await page.get_by_role("button", name="Chat").click()
        await page.get_by_label("Message", exact=True).fill(text)
        await page.keyboard.press("Enter")
        await pages[0].wait_for_timeout(400)
    await pages[0].wait_for_timeout(900)
    save(await pages[0].screenshot(), f"room-{theme}-{width}")
    for page in pages:
        await page.get_by_role("button", name="Leave").click()
        await page.context.close()


async def states(
    browser: Browser, env: dict[str, str], ada: dict[str, str], width: int, theme: str,
    save: Callable[[bytes, str], None],
) -> None:  # fmt: skip
    """What is seen for a moment, or only when something is missing."""
    web = env["WEB_URL"]

    async def shot(page: Page, name: str, *, full: bool = False) -> None:
        save(await page.screenshot(full_page=full), f"{name}-{theme}-{width}")

    page = await enter(browser, web, ada, width, theme)
    for name, button in (("move", "Reschedule…"), ("cancel", "Cancel…")):
        await page.get_by_role("button", name=button).first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await shot(page, name)
        await page.keyboard.press("Escape")
    await page.goto(f"{web}/#/history")
    await page.get_by_role("button", name="Rate…").first.click()
    await page.get_by_role("button", name="Send rating").click()
    await shot(page, "rate")
    await page.keyboard.press("Escape")
    await page.goto(f"{web}/#/request")
    await page.get_by_role("button", name="Request Session").click()
    await expect(page.get_by_text("Choose a subject.")).to_be_visible()
    await shot(page, "form-refused", full=True)
    await page.route("**/rest/v1/**", lambda route: route.abort())
    await page.goto(f"{web}/#/mentors")
    await expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    await shot(page, "outage")
    await page.unroute("**/rest/v1/**")
    await page.goto(f"{web}/room.html?room=room-00000000")
    await expect(page.get_by_test_id("refused")).to_be_visible()
    await shot(page, "room-refused")
    await page.evaluate("localStorage.clear()")
    await page.goto(web)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await shot(page, "sign-in", full=True)
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("Name").fill("Nia")
    await page.get_by_label("E-mail").fill(f"nia-{theme}-{width}@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("radio", name="Mentor").check()
    await page.get_by_role("button", name="Create account").click()
    await expect(page.locator(".live-live")).to_be_attached()
    await shot(page, "empty-home", full=True)
    await page.goto(f"{web}/#/requests")
    await expect(page.get_by_text("Nothing to answer")).to_be_visible()
    await shot(page, "empty-requests", full=True)
    kept = await page.evaluate("JSON.parse(localStorage.getItem('mentorkit-session')).user.id")
    ask_of(env, ada, kept)
    await expect(page.get_by_test_id("toast")).to_be_visible()
    await shot(page, "toast")
    await page.context.close()


async def pictures(env: dict[str, str], all_of: Path | None) -> None:
    web = env["WEB_URL"]
    ada, grace = tell(Backend(env))
    shown = {
        "home-light-1280": "upcoming",
        "request-light-1280": "request",
        "mentor-dark-1280": "mentor",
        "room-dark-1280": "room",
    }

    def save(png: bytes, name: str) -> None:
        if all_of is not None:
            (all_of / f"{name}.png").write_bytes(png)
        elif name in shown:
            picture = Image.open(BytesIO(png)).convert("RGB")
            picture = picture.resize(
                (960, picture.height * 960 // picture.width), Image.Resampling.LANCZOS
            )
            # A palette keeps each file far below 100 KB, and these pages have few colours.
            picture.quantize(128, dither=Image.Dither.NONE).save(
                IMAGES / f"{shown[name]}.png", optimize=True
            )

    with tempfile.TemporaryDirectory() as films:
        async with async_playwright() as playwright:
            red = await launch(
                playwright, camera(Path(films) / "red.mjpeg", (178, 196, 188), (150, 60, 70))
            )
            blue = await launch(
                playwright, camera(Path(films) / "blue.mjpeg", (222, 208, 180), (46, 84, 110))
            )
            for width in SIZES if all_of else (1280,):
                for theme in ("light", "dark"):
                    page = await enter(red, web, ada, width, theme)
                    save(
                        await page.screenshot(full_page=all_of is not None), f"home-{theme}-{width}"
                    )
                    for name in (
                        ("requests", "mentors", "history", "notices", "profile") if all_of else ()
                    ):
                        await page.goto(f"{web}/#/{name}")
                        await page.wait_for_timeout(150)
                        save(await page.screenshot(full_page=True), f"{name}-{theme}-{width}")
                    await ask_form(page, web, grace)
                    save(await page.screenshot(full_page=True), f"request-{theme}-{width}")
                    await page.context.close()
                    page = await enter(blue, web, grace, width, theme)
                    save(
                        await page.screenshot(full_page=all_of is not None),
                        f"mentor-{theme}-{width}",
                    )
                    if all_of:
                        for name in ("hours", "requests"):
                            await page.goto(f"{web}/#/{name}")
                            await page.wait_for_timeout(400)
                            save(
                                await page.screenshot(full_page=True),
                                f"mentor-{name}-{theme}-{width}",
                            )
                        await page.get_by_role("button", name="Reject").first.click()
                        await page.wait_for_timeout(150)
                        save(await page.screenshot(), f"reject-{theme}-{width}")
                    await page.context.close()
                    await call(red, blue, web, ada, grace, width, theme, save)
                    if all_of:
                        await states(red, env, ada, width, theme, save)
            await red.close()
            await blue.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--all", type=Path, metavar="DIR", help="every page, size and theme into DIR"
    )
    asked = parser.parse_args()
    (asked.all or IMAGES).mkdir(parents=True, exist_ok=True)
    subprocess.run(["node", "web/build.mjs"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as place:
        local = [sys.executable, "-m", "local"]
        data = ["--data", f"{place}/stack"]
        subprocess.run(
            [*local, "up", "--detach", *PORTS, *data],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        try:
            env = subprocess.run(
                [*local, "env", "--json", *data], cwd=ROOT, check=True, capture_output=True
            )
            asyncio.run(pictures(json.loads(env.stdout), asked.all))
        finally:
            subprocess.run(
                [*local, "down", "--remove", *data], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
