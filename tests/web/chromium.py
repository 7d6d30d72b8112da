"""A real Chromium, with cameras that can be told apart."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
FAKE_DEVICES = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--auto-select-desktop-capture-source=Entire screen",
)
RED = (200, 30, 40)
BLUE = (30, 60, 200)


def find_chromium() -> str:
    """Where the browser is; fails, never skips, with what to install."""
    given = os.environ.get("MENTORKIT_CHROMIUM")
    for name in (given,) if given else NAMES:
        if found := shutil.which(name):
            return found
    raise AssertionError(
        "These tests drive a real Chromium and found none. Install it"
        " (Debian: apt-get install chromium) or name one in MENTORKIT_CHROMIUM."
    )


async def launch(playwright: Playwright, *flags: str) -> Browser:
    """A browser process of one's own; as root it cannot have its sandbox."""
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return await playwright.chromium.launch(
        executable_path=find_chromium(), args=[*QUIET, *root, *flags]
    )


def camera(file: Path, colour: tuple[int, int, int]) -> tuple[str, ...]:
    """The flags of a fake camera that films one colour with something moving in it."""
    frames = BytesIO()
    for step in range(12):
        picture = Image.new("RGB", (320, 240), colour)
        ImageDraw.Draw(picture).rectangle((step * 20, 210, step * 20 + 30, 230), fill="white")
        picture.save(frames, "JPEG", quality=80)
    file.write_bytes(frames.getvalue())
    return (*FAKE_DEVICES, f"--use-file-for-fake-video-capture={file}")
