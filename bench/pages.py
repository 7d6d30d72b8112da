"""How soon the dashboard paints, in a real browser on the embedded stack."""

from __future__ import annotations

import statistics

from playwright.sync_api import sync_playwright

from bench.realtime import own_stack

TITLE = "Pages: first paint"

VISITS = 7
GOAL = 1000  # milliseconds
FIRST_PAINT = """() => new Promise((tell) => new PerformanceObserver((list) => {
    const [first] = list.getEntriesByName('first-contentful-paint');
    if (first) tell(first.startTime);
}).observe({type: 'paint', buffered: true}))"""


def run() -> list[str]:
    painted = []
    with own_stack() as env, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-quic"]
        )
        for _ in range(VISITS):
            # a new context has nothing cached: every visit is somebody's first
            context = browser.new_context()
            page = context.new_page()
            page.goto(env["WEB_URL"])
            painted.append(float(page.evaluate(FIRST_PAINT)))
            context.close()
        browser.close()
    return [
        "| what | median ms | slowest ms | goal ms |",
        "|---|---|---|---|",
        (
            f"| first contentful paint, nothing cached | {statistics.median(painted):.0f} "
            f"| {max(painted):.0f} | {GOAL} |"
        ),
        "",
        "The size of the pages is printed by their build, and bounded by it.",
    ]
