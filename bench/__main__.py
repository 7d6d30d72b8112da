"""Measure and write `bench/RESULTS.md`.

    python -m bench                    every part
    python -m bench realtime sdk       only these; the file's other sections stay as they were

A part is a module of this package with a `TITLE` and a `run() -> list[str]` that gives lines of
Markdown. Numbers are medians of interleaved runs and ratios against a peer in the same run: an
absolute number is this machine's, a ratio holds on others.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
PARTS = (
    "stack",
    "gateway",
    "realtime",
    "database",
    "free_time",
    "sdk",
    "signaling",
    "functions",
    "pages",
)
HEADER = """# Results

Written by `make bench`; `python -m bench NAME` measures one part again. Ratios in one run count,
absolute numbers are this machine's.
"""


def read_sections(text: str) -> dict[str, str]:
    """Split the results file into its parts; the marker before each section names it."""
    found = re.split(r"^<!-- part: (\w+) -->\n", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], (body.strip() for body in found[2::2]), strict=True))


def write_sections(sections: dict[str, str]) -> str:
    """Join the parts in the order of `PARTS`, each behind its marker."""
    body = "\n".join(
        f"<!-- part: {name} -->\n{sections[name]}\n" for name in PARTS if name in sections
    )
    return f"{HEADER}\n{body}"


def measure(name: str) -> str:
    """Run one part and give its section."""
    part = importlib.import_module(f"bench.{name}")
    print(f"bench: {name}: {part.TITLE} ...", flush=True)
    start = time.monotonic()
    lines: list[str] = part.run()
    took = time.monotonic() - start
    print("\n".join(lines), flush=True)
    print(f"bench: {name} took {took:.0f} s", flush=True)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {machine}"
    return "\n".join([f"## {part.TITLE}", "", f"Measured {stamp}, in {took:.0f} s.", "", *lines])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "part", nargs="*", help=f"which parts, all when none is named: {', '.join(PARTS)}"
    )
    chosen = parser.parse_args(argv).part or PARTS
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    sections = read_sections(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in chosen:
        sections[name] = measure(name)
        RESULTS.write_text(write_sections(sections))
    print(f"bench: written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
