"""The codes of the SQL and the classes of the SDK are one table."""

from __future__ import annotations

import pickle
import re

import pytest

import mentorkit.errors
from mentorkit import NoticeKind
from mentorkit.errors import (
    BY_CODE,
    Conflict,
    Invalid,
    MentorkitError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)
from tests.support.stack import REPO

RAISED = re.compile(r"private\.fail\(\s*(\d+),\s*'([a-z_]+)'")
BRANCH: dict[int, type[MentorkitError]] = {
    400: Invalid,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: Conflict,
    429: TooMany,
    503: Unavailable,
}


def raised() -> dict[str, int]:
    texts = (path.read_text("utf-8") for path in (REPO / "supabase/migrations").glob("*.sql"))
    return {code: int(status) for text in texts for status, code in RAISED.findall(text)}


def test_every_code_of_the_database_has_a_class_and_none_is_made_up() -> None:
    assert set(BY_CODE) == set(raised())


def test_a_class_says_what_its_status_says() -> None:
    for code, status in raised().items():
        assert issubclass(BY_CODE[code], BRANCH[status]), code


def test_the_documented_codes_are_these() -> None:
    page = REPO / "docs/errors.md"
    if not page.exists():
        pytest.skip("docs/errors.md is not written yet")
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", page.read_text("utf-8"), re.MULTILINE))
    assert set(BY_CODE) <= listed


def test_an_error_survives_a_process_border() -> None:
    for error in vars(mentorkit.errors).values():
        if isinstance(error, type) and issubclass(error, MentorkitError):
            made = error("said", code="some_code")
            copy = pickle.loads(pickle.dumps(made))
            assert (type(copy), str(copy), copy.code) == (error, "said", "some_code")
    again = pickle.loads(pickle.dumps(Unavailable("x", retry_after=3.0, maybe_done=True)))
    assert (again.retry_after, again.maybe_done) == (3.0, True)


def test_an_error_without_words_speaks_its_docstring() -> None:
    assert str(Conflict()) == "Something changed before you."
    assert Conflict().code == "conflict"


NOTIFIED = re.compile(
    r"private\.notify\([^;]*?'([a-z]+_(?!id')[a-z]+)',\s*(?:\w+\.)?(?:request_id|id|null)\b"
)


def test_every_kind_of_notice_is_named() -> None:
    texts = (path.read_text("utf-8") for path in (REPO / "supabase/migrations").glob("*.sql"))
    kinds = {kind for text in texts for kind in NOTIFIED.findall(text)}
    assert len(kinds) > 8
    assert kinds <= set(NoticeKind)
