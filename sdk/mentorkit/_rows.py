"""Reading what PostgREST answers: the one place that trusts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from mentorkit.errors import BadAnswer

T = TypeVar("T")
Row = Mapping[str, Any]


def moment(value: Any) -> datetime:
    """A point in time; the database always sends an offset."""
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise BadAnswer(f"A time came without its offset from UTC: {value!r}.")
    return parsed


def maybe(read: Callable[[Any], T], value: Any) -> T | None:
    """The value, or None where the column is null."""
    return None if value is None else read(value)


def one(read: Callable[[Row], T]) -> Callable[[Any], T]:
    """A reader of exactly one row."""

    def parse(data: Any) -> T:
        if isinstance(data, list):
            if len(data) != 1:
                raise BadAnswer(f"One row was expected and {len(data)} came.")
            data = data[0]
        return _row(read, data)

    return parse


def many(read: Callable[[Row], T]) -> Callable[[Any], list[T]]:
    """A reader of any number of rows."""

    def parse(data: Any) -> list[T]:
        if not isinstance(data, list):
            raise BadAnswer(f"A list was expected and this came: {str(data)[:80]!r}.")
        return [_row(read, row) for row in data]

    return parse


def _row(read: Callable[[Row], T], data: Any) -> T:
    if not isinstance(data, Mapping):
        raise BadAnswer(f"A row was expected and this came: {str(data)[:80]!r}.")
    try:
        return read(data)
    except (KeyError, TypeError, ValueError) as fault:
        raise BadAnswer(
            f"A row could not be read ({type(fault).__name__}: {fault}): "
            "upgrade mentorkit, or deploy the newest migrations."
        ) from fault


def aware(name: str, value: datetime) -> str:
    """The time as the wire wants it; a naive one is refused, because it names no point in time."""
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(f"{name} needs a time zone, for example datetime(..., tzinfo=UTC)")
    return value.isoformat()


def identity(name: str, value: UUID | str) -> str:
    """The id as text; anything that is no UUID is refused before it is sent."""
    if isinstance(value, UUID):
        return str(value)
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise ValueError(f"{name} must be a UUID, not {value!r}") from None
