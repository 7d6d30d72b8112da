"""What a page must hold at any size of its text."""

from __future__ import annotations

from playwright.async_api import Page

# What reaches over the right edge, if the page can be scrolled there.
BEYOND = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.sr'))
        .slice(0, 5).map(one => one.className + ' ' + one.tagName)"""
# Words that do not fit into their place.
CUT = """() => [...document.querySelectorAll('button, main a, h1, main label, .tabs a')]
    .filter(one => !one.closest('.sr') && one.offsetParent && one.scrollWidth > one.clientWidth + 2
        && getComputedStyle(one).overflow !== 'visible')
    .map(one => one.innerText)"""
PAGES = ("", "requests", "mentors", "request", "history", "notices", "profile")


async def fits(page: Page, what: str) -> None:
    """Nothing must be scrolled sideways and no word is cut."""
    wide = await page.evaluate(BEYOND)
    assert not wide, f"{what} must be scrolled sideways: {wide}"
    assert await page.evaluate(CUT) == [], what
