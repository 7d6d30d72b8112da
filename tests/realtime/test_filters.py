"""The filter grammar: what the clients' builders write is read back, all else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.gateway.realtime.filters import OPERATORS, BadFilter, Condition, parse
from tests.support.campaign import size

campaign = settings(deadline=None, max_examples=size(40, 2000))

RESERVED = set(',()"\\')

columns = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
scalars = st.text(max_size=12)
operators = st.sampled_from(sorted(OPERATORS - {"in"}))


def quoted(value: str) -> str:
    """As realtime-js writes a value: quoted when it holds a reserved character or outer blanks."""
    if not RESERVED & set(value) and value == value.strip():
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Condition]:
    """A condition, and how realtime-js spells it."""
    column, operator, value = draw(columns), draw(operators), draw(scalars)
    negated = draw(st.booleans())
    text = f"{column}={'not.' if negated else ''}{operator}.{quoted(value)}"
    return text, Condition(column, operator, value, negated)


@campaign
@given(st.lists(written(), min_size=1, max_size=4))
def test_what_the_builder_of_realtime_js_writes_is_read_back(
    conditions: list[tuple[str, Condition]],
) -> None:
    text = ",".join(spelled for spelled, _ in conditions)
    assert parse(text) == tuple(condition for _, condition in conditions)


@campaign
@given(columns, st.lists(scalars.filter(bool), min_size=1, max_size=4), st.booleans())
def test_a_list_stays_one_condition(column: str, values: list[str], negated: bool) -> None:
    inner = ",".join(quoted(value) for value in values)
    (condition,) = parse(f"{column}={'not.' if negated else ''}in.({inner})")
    assert condition == Condition(column, "in", f"{{{inner}}}", negated)


@campaign
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        conditions = parse(text)
    except BadFilter:
        return
    assert all(condition.operator in OPERATORS for condition in conditions)


@pytest.mark.parametrize("text", ["", "   "])
def test_blank_text_is_no_filter(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("subject=foo.hey", '["foo", "hey"]'),
        ("undefined", '["undefined"]'),
        ("a=eq", '["eq"]'),
        ("a=eq.1,,b=eq.2", "empty segments"),
        ("a=in.1,2", "wrapped by parentheses"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(BadFilter) as refusal:
        parse(text)
    assert told in str(refusal.value)


def test_commas_and_quotes_in_unquoted_places_are_plain_text() -> None:
    assert parse('a=like.x"y,b=eq.2') == (
        Condition("a", "like", 'x"y'),
        Condition("b", "eq", "2"),
    )
    assert parse("a=eq.f(1,2)") == (Condition("a", "eq", "f(1,2)"),)
