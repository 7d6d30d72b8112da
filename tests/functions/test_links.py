"""Nobody can make a link but us, and a link is good for one thing and for a time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import Refused
from functions.links import ANSWER, UNSUBSCRIBE, Signer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNER = Signer("a signing key of more than thirty-two characters")
SUBJECT = uuid.uuid4()
TOKEN = SIGNER.sign(ANSWER, SUBJECT, NOW + timedelta(hours=1), "request_created")


def code(token: str, *, purpose: bytes = ANSWER, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        SIGNER.read(purpose, token, now)
    return refused.value.code


def test_a_link_says_what_it_was_made_for() -> None:
    assert SIGNER.read(ANSWER, TOKEN, NOW) == (SUBJECT, "request_created")


def test_a_link_ends() -> None:
    assert code(TOKEN, now=NOW + timedelta(hours=1)) == "link_expired"


def test_a_link_for_one_thing_does_not_do_another() -> None:
    assert code(TOKEN, purpose=UNSUBSCRIBE) == "link_invalid"


def test_another_key_makes_no_link() -> None:
    forged = Signer("another key that has more than thirty-two characters")
    assert code(forged.sign(ANSWER, SUBJECT, NOW + timedelta(hours=1))) == "link_invalid"


@given(st.integers(0, len(TOKEN) - 2), st.sampled_from("ABCabc019-_"))
def test_a_changed_link_is_no_link(place: int, letter: str) -> None:
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if changed != TOKEN:
        assert code(changed) == "link_invalid"


@given(st.text(max_size=200))
def test_no_text_is_a_link(text: str) -> None:
    assert code(text) == "link_invalid"
