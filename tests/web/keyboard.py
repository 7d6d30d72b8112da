"""Somebody who has no pointer."""

from __future__ import annotations

from playwright.async_api import Page

# What a screen reader would call the element that has the focus.
FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return '';
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText;
    return (label ?? element.innerText ?? '').replace(/\\s+/g, ' ').trim();
}"""


class Keyboard:
    """Reaches things by Tab, in the order the page gives them, and by nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def to(self, name: str, limit: int = 500) -> None:
        """Tab until what has the focus is called so."""
        passed: list[str] = []
        for _ in range(limit):
            passed.append(await self.page.evaluate(FOCUSED))
            if (
                name in passed[-1] and passed[-1] != f"{name}s"
            ):  # the list of messages is not the message
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reached {name!r}, only {passed}")

    async def type(self, name: str, text: str) -> None:
        await self.to(name)
        await self.page.keyboard.type(text)

    async def press(self, name: str, key: str = "Enter") -> None:
        await self.to(name)
        await self.page.keyboard.press(key)

    async def choose(self, name: str, text: str) -> None:
        """In a list of options, by typing how one begins."""
        await self.to(name)
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Tab")
