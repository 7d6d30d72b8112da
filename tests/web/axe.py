"""axe, with every rule it has up to level AA of WCAG 2.2, in both themes."""

from __future__ import annotations

from playwright.async_api import Page

from tests.support.stack import REPO

AXE = REPO / "node_modules" / "axe-core" / "axe.min.js"
TAGS = (
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice",
    "experimental",
)  # fmt: skip
FIND = """async (tags) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly: tags });
    return violations.map(({ id, nodes }) => id + ': '
        + nodes.map(one => one.target + ' ' + (one.any[0]?.message ?? '')).join(' | '));
}"""


async def clean(page: Page, state: str) -> None:
    """No violations in what is shown now, neither in the light nor in the dark theme."""
    if not await page.evaluate("typeof axe === 'object'"):
        # Through the debugger: the policy of the page admits no foreign script.
        await page.evaluate(f"() => {{ {AXE.read_text()}; }}")
    for theme in ("light", "dark"):
        # Reduced motion, so that nothing is judged half-way through its entrance.
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = await page.evaluate(FIND, list(TAGS))
        assert not found, f"{state}, {theme}: {found}"
