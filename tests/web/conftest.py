"""Browsers, pages and people for the tests of the pages. One of each browser for a whole run."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.support.stack import StackEnv
from tests.web.chromium import BLUE, RED, camera, launch
from tests.web.site import build, config_of, serve
from tests.web.visitor import Visitor
from tests.web.wardrobe import Wardrobe

Visit = Callable[..., Awaitable[Visitor]]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop and one worker for all of them: they share two browsers."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.xdist_group("web"))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The built pages, and what the build printed."""
    out = tmp_path_factory.mktemp("web") / "dist"
    return out, build(out)


@pytest.fixture(scope="session")
def site(stack: StackEnv, pages: tuple[Path, str]) -> Iterator[str]:
    with serve(pages[0], config_of(stack)) as origin:
        yield origin


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    # Two cores may be busy with other tests; what must be quick is measured where it must.
    expect.set_options(timeout=30_000)
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def red(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """A browser whose camera films red."""
    flags = camera(tmp_path_factory.mktemp("red") / "camera.mjpeg", RED)
    browser = await launch(playwright, *flags)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def blue(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """A browser whose camera films blue."""
    flags = camera(tmp_path_factory.mktemp("blue") / "camera.mjpeg", BLUE)
    browser = await launch(playwright, *flags)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def wardrobe() -> Wardrobe:
    return Wardrobe()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    red: Browser, stack: StackEnv, site: str, wardrobe: Wardrobe
) -> AsyncIterator[Visit]:
    """Opens the dashboard as a new person, in the red browser unless another is named."""
    visitors: list[Visitor] = []

    async def opened(
        browser: Browser = red, *, site: str = site, zone: str = "Europe/Berlin", **options: object
    ) -> Visitor:
        page = await wardrobe.take(browser, zone, options)
        visitor = Visitor(page, site, stack)
        visitors.append(visitor)
        return visitor

    yield opened
    for visitor in visitors:
        visitor.turn_away()
        await wardrobe.give_back(visitor.page)
    for visitor in visitors:
        assert not visitor.faults, visitor.faults
