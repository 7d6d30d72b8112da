"""The page about the functions names every call, every setting and every code there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.app import described
from functions.backoff import SCHEDULE
from functions.errors import REFUSALS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "functions.md").read_text()


@pytest.mark.parametrize("call", [f"{e.method} {e.path}" for e in described()])
def test_calls_are_documented(call: str) -> None:
    assert f"`{call}`" in PAGE


@pytest.mark.parametrize("code", REFUSALS)
def test_codes_are_documented(code: str) -> None:
    assert f"`{code}`" in PAGE


def test_settings_are_documented() -> None:
    read = set(
        re.findall(r'env(?:\[|\.get\()"(\w+)"', (ROOT / "functions/settings.py").read_text())
    )
    assert len(read) >= 15
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert told == read


def test_the_schedule_is_documented() -> None:
    def words(seconds: float) -> str:
        for unit, size in (("h", 3600), ("min", 60)):
            if seconds >= size:
                return f"{seconds / size:.0f} {unit}"
        return f"{seconds:.0f} s"

    *early, last = [words(wait.total_seconds()) for wait in SCHEDULE]
    assert f"{', '.join(early)} and {last}" in PAGE
