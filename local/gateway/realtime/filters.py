"""The filter grammar of postgres_changes: `column=op.value`, `not.`, commas. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = ("eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "isdistinct")
PATTERNS = ("like", "ilike", "match", "imatch")
OPERATORS = frozenset((*COMPARISONS, *PATTERNS))
IS_VALUES = ("null", "true", "false", "unknown")
MOST_VALUES = 100


class BadFilter(Exception):
    """The filter cannot be read; the message is the one the subscriber is told."""


@dataclass(frozen=True)
class Condition:
    """One comparison. For `in`, `value` is an array literal of PostgreSQL: `{a,"b,c"}`."""

    column: str
    operator: str
    value: str
    negated: bool = False


def parse(text: str) -> tuple[Condition, ...]:
    """Read a whole filter: all conditions have to hold; blank text has none. Raises BadFilter."""
    text = text.strip()
    return tuple(parse_condition(part) for part in split(text)) if text else ()


def split(text: str) -> Iterator[str]:
    """Cut at commas outside quotes and parentheses. A quote opens only where a value can begin."""
    start = depth = 0
    quoted = False
    previous = ""
    at = 0
    while at < len(text):
        char = text[at]
        if quoted and char == "\\":
            at += 1
        elif quoted:
            quoted = char != '"'
        elif char == '"' and previous in (".", "(", ","):
            quoted = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char == "," and depth == 0:
            yield text[start:at]
            start, previous = at + 1, ""
            at += 1
            continue
        previous = char
        at += 1
    yield text[start:]


def parse_condition(text: str) -> Condition:
    text = text.strip()
    if not text:
        raise BadFilter("filter must not contain empty segments (check for extra commas)")
    column, equals, rest = text.partition("=")
    if not equals:
        raise BadFilter(json.dumps([text]))
    negated = rest.startswith("not.")
    operator, dot, value = rest.removeprefix("not.").partition(".")
    if not dot:
        raise BadFilter(json.dumps([operator]))
    if operator not in OPERATORS:
        raise BadFilter(json.dumps([operator, value]))
    if operator == "in":
        if not (len(value) >= 2 and value[0] == "(" and value[-1] == ")"):
            raise BadFilter("`in` filter value must be wrapped by parentheses")
        value = f"{{{value[1:-1]}}}"
    else:
        value = unquoted(value)
    return Condition(column, operator, value, negated)


def unquoted(value: str) -> str:
    """The text inside quotes when `value` is quoted as a whole, else `value` as it stands."""
    if not value.startswith('"'):
        return value
    text: list[str] = []
    at = 1
    while at < len(value):
        if value[at] == "\\" and at + 1 < len(value):
            at += 1
        elif value[at] == '"':
            return "".join(text) if at == len(value) - 1 else value
        text.append(value[at])
        at += 1
    return value
