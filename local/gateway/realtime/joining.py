"""What a client asks for when it joins a channel, read from the phx_join payload. Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from .filters import BadFilter, Condition, parse
from .frames import dumps

EVENTS = ("INSERT", "UPDATE", "DELETE")


class BadSubscription(Exception):
    """The postgres_changes a client asks for make no sense; the message is what it is told."""


@dataclass(frozen=True)
class Wanted:
    """One entry of `postgres_changes`: which changes, under which id they are sent."""

    id: int
    event: str
    schema: str
    table: str
    conditions: tuple[Condition, ...]
    select: tuple[str, ...] | None


@dataclass(frozen=True)
class Replay:
    since: int
    limit: int


@dataclass(frozen=True)
class Options:
    """The `config` of a join, with the defaults of hosted for what is missing or makes no sense."""

    private: bool = False
    self_broadcast: bool = False
    ack: bool = False
    replication_ready: bool = False
    presence_key: str | None = None
    presence: bool = False
    wait: bool = False
    wait_seconds: float = 15.0


def options(config: dict[str, Any]) -> Options:
    broadcast = mapping(config.get("broadcast"))
    presence = mapping(config.get("presence"))
    changes = mapping(config.get("postgres_changes_options"))
    key = presence.get("key")
    timeout = changes.get("timeout")
    return Options(
        private=truth(config.get("private")),
        self_broadcast=truth(broadcast.get("self")),
        ack=truth(broadcast.get("ack")),
        replication_ready=truth(broadcast.get("replication_ready")),
        presence_key=str(key) if key not in (None, "") else None,
        presence=truth(presence.get("enabled")),
        wait=truth(changes.get("wait")),
        wait_seconds=min(timeout / 1000, 20.0) if isinstance(timeout, (int, float)) else 15.0,
    )


def replay(config: dict[str, Any]) -> Replay | None:
    """The wish for stored messages; None without one. Raises ValueError when it makes no sense."""
    wish = mapping(config.get("broadcast")).get("replay")
    if wish is None:
        return None
    since, limit = (wish.get("since"), wish.get("limit", 25)) if isinstance(wish, dict) else (0, 0)
    if not isinstance(wish, dict) or not isinstance(since, int) or not isinstance(limit, int):
        raise ValueError("Replay params are not valid")
    return Replay(since, max(1, min(limit, 25)))


def entries(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The `postgres_changes` a join asks for, as they came."""
    wished = config.get("postgres_changes")
    return (
        [entry for entry in wished if isinstance(entry, dict)] if isinstance(wished, list) else []
    )


def entry_id(entry: dict[str, Any]) -> int:
    """The id of an entry: the same for the same wish, never 0."""
    return (zlib.crc32(dumps(sorted(entry.items(), key=str)).encode()) & 0x7FFFFFF) or 1


def wanted(entry: dict[str, Any]) -> Wanted:
    """Read one entry. Raises BadSubscription."""
    schema, table, text = entry.get("schema"), entry.get("table"), entry.get("filter")
    if not isinstance(schema, str) and not isinstance(table, str):
        raise BadSubscription(
            "No subscription params provided. "
            f"Please provide at least a `schema` or `table` to subscribe to: {dumps(entry)}"
        )
    schema = schema if isinstance(schema, str) else "public"
    table = table if isinstance(table, str) else "*"
    try:
        conditions = parse(text) if isinstance(text, str) else ()
    except BadFilter as exc:
        raise BadSubscription(f"Error parsing `filter` params: {exc}") from exc
    select = selected(entry.get("select"))
    if select is not None and "*" in (schema, table):
        raise BadSubscription(
            "Column selection is not supported for wildcard subscriptions. "
            "Provide an explicit schema and table name."
        )
    event = str(entry.get("event", "*")).upper()
    return Wanted(
        entry_id(entry), event if event in EVENTS else "*", schema, table, conditions, select
    )


def selected(select: object) -> tuple[str, ...] | None:
    if isinstance(select, str):
        raise BadSubscription(
            "Error parsing `select` params: expected a list of column name strings, "
            'e.g. select: ["col1", "col2"]'
        )
    if not isinstance(select, list):
        return None
    return tuple(sorted(column for column in select if isinstance(column, str))) or None


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def truth(value: object) -> bool:
    """Clients send booleans, some as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
