"""Browser contexts that are emptied and worn again: new ones cost most of a short test."""

from __future__ import annotations

from playwright.async_api import Browser, Error, Page

SIZE = {"width": 1280, "height": 720}
EMPTY = """async () => {
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""


class Wardrobe:
    """Keeps contexts without options of their own. What cannot be emptied is thrown away."""

    def __init__(self) -> None:
        self._free: dict[tuple[Browser, str], list[Page]] = {}
        self._kind: dict[Page, tuple[Browser, str]] = {}

    async def take(self, browser: Browser, zone: str, options: dict[str, object]) -> Page:
        if not options and (free := self._free.get((browser, zone))):
            return free.pop()
        context = await browser.new_context(timezone_id=zone, locale="en-GB", **options)  # type: ignore[arg-type]
        page = await context.new_page()
        if not options:
            self._kind[page] = (browser, zone)
        return page

    async def give_back(self, page: Page) -> None:
        kind = self._kind.get(page)
        if page.is_closed():
            self._kind.pop(page, None)
        elif kind and await emptied(page):
            self._free.setdefault(kind, []).append(page)
        else:
            self._kind.pop(page, None)
            await page.context.close()


async def emptied(page: Page) -> bool:
    """Whether nothing is left of whoever was there."""
    try:
        await page.unroute_all(behavior="ignoreErrors")
        # The page says its goodbyes; the next one of its origin has no script.
        answer = await page.goto("/".join([*page.url.split("/")[:3], "icon.svg"]), timeout=2000)
        if answer is None or not answer.ok:
            return False
        await page.evaluate(EMPTY)
        await page.context.clear_cookies()
        await page.emulate_media(color_scheme="null", reduced_motion="null")
        await page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    except Error:
        return False
    return len(page.context.pages) == 1
