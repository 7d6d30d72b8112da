"""Turns PostgreSQL's text of a value into the JSON text that `to_jsonb` would make of it. Pure.

Values stay text from the replication stream to the socket: a number keeps its digits, and json
columns are passed on without being parsed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

Convert = Callable[[str], str]

NOT_A_NUMBER = ("NaN", "Infinity", "-Infinity")


def string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def number(text: str) -> str:
    return string(text) if text in NOT_A_NUMBER else text


def boolean(text: str) -> str:
    return "true" if text == "t" else "false"


def as_is(text: str) -> str:
    return text


def timestamp(text: str) -> str:
    return string(text.replace(" ", "T", 1))


def timestamptz(text: str) -> str:
    """The stream runs in UTC, so the offset is always +00."""
    return timestamp(text.replace("+00", "+00:00", 1))


def bytes_hex(text: str) -> str:
    return string(text.removeprefix("\\x"))


BY_OID: dict[int, Convert] = {
    16: boolean,
    17: bytes_hex,
    20: number,
    21: number,
    23: number,
    114: as_is,
    700: number,
    701: number,
    1114: timestamp,
    1184: timestamptz,
    1700: number,
    3802: as_is,
}


def array_of(element: Convert, delimiter: str = ",") -> Convert:
    """A converter of whole arrays, of any number of dimensions."""

    def convert(text: str) -> str:
        if text.startswith("["):  # explicit bounds, e.g. [0:1]={...}: JSON has no place for them
            text = text[text.index("=") + 1 :]
        out: list[str] = []
        at = 0
        while at < len(text):
            char = text[at]
            if char == "{":
                out.append("[")
            elif char == "}":
                out.append("]")
            elif char == delimiter:
                out.append(",")
            elif char == '"':
                at, item = quoted_item(text, at + 1)
                out.append(element(item))
            else:
                end = at
                while text[end] not in ("}", delimiter):
                    end += 1
                item = text[at:end]
                out.append("null" if item == "NULL" else element(item))
                at = end - 1
            at += 1
        return "".join(out)

    return convert


def quoted_item(text: str, at: int) -> tuple[int, str]:
    """The item whose opening quote is before `at`, and where its closing quote stands."""
    item = []
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
        item.append(text[at])
        at += 1
    return at, "".join(item)
