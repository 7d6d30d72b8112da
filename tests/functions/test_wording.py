"""Every language says everything, with the same places to fill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from functions.letters import CHANGES_CALENDAR
from functions.wording import languages, wording

FUNCTIONS = Path(__file__).parents[2] / "functions"
MIGRATIONS = Path(__file__).parents[2] / "supabase" / "migrations"


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from leaves(value, f"{path}.{place}")
    else:
        yield path, tree


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_there_are_two_languages() -> None:
    assert languages() == ("de", "en")


@pytest.mark.parametrize("language", languages())
def test_a_language_says_all_that_english_says(language: str) -> None:
    english = dict(leaves(wording("en").texts))
    other = dict(leaves(wording(language).texts))
    assert other.keys() == english.keys()
    for key, text in other.items():
        assert text.strip(), key
        assert places(text) <= places(english[key]) | {"count"}, key


@pytest.mark.parametrize("language", languages())
def test_every_sentence_the_code_asks_for_is_there(language: str) -> None:
    words = wording(language)
    for file in FUNCTIONS.glob("*.py"):
        for key in re.findall(r'say\(\s*"([a-z_.]+)"', file.read_text()):
            assert words.has(key), f"{file.name} says {key}"


def test_every_notice_the_schema_sends_has_a_letter() -> None:
    kinds: set[str] = set()
    for file in MIGRATIONS.glob("*.sql"):
        kinds |= set(re.findall(r"private\.notify\(\s*[^;]*?'(\w+)'", file.read_text()))
    assert {"request_created", "session_reminder", "reschedule_"} <= kinds
    said = set(wording("en").texts["kinds"])
    for kind in kinds | CHANGES_CALENDAR:
        # A name that ends with _ is put together from two parts.
        whole = {one for one in said if one.startswith(kind)} if kind[-1] == "_" else {kind} & said
        assert whole, kind


def test_an_unknown_locale_reads_english() -> None:
    assert wording("xx-YY").language == "en"
    assert wording("de-AT").language == "de"
    assert wording("../../etc/passwd").language == "en"


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(hours=24), "in one day"),
        (timedelta(hours=1), "in one hour"),
        (timedelta(minutes=10), "in 10 minutes"),
        (timedelta(minutes=9, seconds=40), "in 10 minutes"),
        (timedelta(minutes=1), "in one minute"),
        (timedelta(hours=23, minutes=59), "in one day"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(minutes=90), "in 90 minutes"),
        (timedelta(seconds=5), "now"),
        (timedelta(hours=-2), "now"),
    ],
)
def test_how_far_away_something_is(wait: timedelta, said: str) -> None:
    assert wording("en").ahead(wait) == said


def test_times_are_told_in_the_readers_zone() -> None:
    start = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    told = wording("de").when(start, start + timedelta(hours=1), "Europe/Berlin")
    assert told == "Freitag, 1. Januar 2027, 00:30 bis 01:30 Uhr (Europe/Berlin)"
