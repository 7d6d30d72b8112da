"""Writes sdk/mentorkit/_sync/ from sdk/mentorkit/_async/: `generate_sync.py [--check]`.

The async face is written by hand. What differs is a table of words; everything else is the same
text. `--check` writes nothing and fails when the committed files are not what would be written.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "sdk" / "mentorkit"
HEADER = "# Generated from mentorkit/_async/{name} by scripts/generate_sync.py: change that file.\n"
BY_HAND = {"live.py", "rooms.py"}
"""Watches and rooms of the sync face run the async ones on a loop of their own."""

WORDS = {
    "AsyncClient": "Client",
    "AsyncClock": "SyncClock",
    "AsyncGoTrueClient": "SyncGoTrueClient",
    "AsyncIterator": "Iterator",
    "AsyncPostgrestClient": "SyncPostgrestClient",
    "TokenSource": "SyncTokenSource",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aread": "read",
    "_async": "_sync",
    "in_thread": "in_place",
    "token_from": "sync_token_from",
}
PHRASES = [
    (r"\basyncio\.Lock\b", "threading.RLock"),
    (r"^import asyncio$", "import threading"),
    (r"\bfor row in page:\n +yield row$", "yield from page"),
    (r"\basync (def|with|for) ", r"\1 "),
    (r"\bawait ", ""),
    (r"`async with`", "`with`"),
    (r"from mentorkit\._live\.watch import AsyncWatch", "from mentorkit._sync.live import Watch"),
    (r", written by hand; scripts/generate_sync.py makes the sync face from it", ""),
    (r"a text, or\n    a function \(plain or coroutine\)", "a text, or\n    a function"),
]


def translate(text: str, name: str) -> str:
    """The sync twin of an async module."""
    for pattern, replacement in PHRASES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)

    def word(match: re.Match[str]) -> str:
        found = match.group()
        if found in WORDS:
            return WORDS[found]
        return re.sub(r"^(_?)Async(?=[A-Z])", r"\1", found)

    return HEADER.format(name=name) + re.sub(r"\b\w+\b", word, text)


def formatted(texts: dict[str, str]) -> dict[str, str]:
    """The texts in the house style, as `make format` would leave them."""
    config = ["--quiet", "--config", str(PACKAGE.parents[1] / "pyproject.toml"), "--no-cache"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in texts.items():
            (folder / file).write_text(text, "utf-8")
        for command in (["check", "--fix", "--select", "I"], ["format"]):
            subprocess.run(
                [sys.executable, "-m", "ruff", *command, *config, str(folder)],
                cwd=PACKAGE.parents[1], capture_output=True, text=True, check=True,
            )  # fmt: skip
        return {file: (folder / file).read_text("utf-8") for file in texts}


def generated() -> dict[str, str]:
    """Every generated file's name and text."""
    sources = sorted((PACKAGE / "_async").glob("*.py"))
    return formatted(
        {
            path.name: translate(path.read_text("utf-8"), path.name)
            for path in sources
            if path.name not in BY_HAND
        }
    )


def main() -> int:
    """Write, or with --check compare."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    wrong = []
    for name, text in generated().items():
        path = PACKAGE / "_sync" / name
        if not path.exists() or path.read_text("utf-8") != text:
            wrong.append(name)
            if not check:
                path.write_text(text, "utf-8")
    for name in wrong:
        print(f"{'differs' if check else 'written'}: sdk/mentorkit/_sync/{name}")
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
