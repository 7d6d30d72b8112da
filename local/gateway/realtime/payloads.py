"""The `data` of a postgres_changes event, as JSON text. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .catalog import Table
from .conditions import Record
from .frames import dumps
from .pgoutput import Change, Kind, Relation, Row, Unchanged

MAX_ROW_BYTES = 1024 * 1024
MAX_VALUE_BYTES_OF_LARGE_ROW = 64

NO_PRIMARY_KEY = "Error 400: Bad Request, no primary key"
UNAUTHORIZED = "Error 401: Unauthorized"
TOO_LARGE = "Error 413: Payload Too Large"


@dataclass(frozen=True)
class Event:
    """One change of one row, with the text of its values."""

    kind: Kind
    committed_at: datetime
    new: Record
    old: Record

    @property
    def seen(self) -> Record:
        """The row that filters look at."""
        return self.old if self.kind == "DELETE" else self.new

    @property
    def too_large(self) -> bool:
        size = sum(
            len(text.encode())
            for row in (self.new, self.old)
            for text in row.values()
            if text is not None
        )
        return size > MAX_ROW_BYTES


def event_of(relation: Relation, change: Change, committed_at: datetime) -> Event:
    """The rows of a change by column name.

    A value that was not sent because the UPDATE left it alone is taken from the old row, where
    that was sent whole; an unchanged key is not sent as old row, and is then the new row's.
    """
    key = {name for name, in_key in zip(relation.columns, relation.key, strict=True) if in_key}
    new = by_name(relation, change.new)
    old = by_name(relation, change.old)
    if change.old_is_key:
        old = {name: text for name, text in old.items() if name in key}
    elif change.old is None and change.kind == "UPDATE":
        old = {name: text for name, text in new.items() if name in key}
    elif change.kind == "UPDATE":
        new = old | new
    return Event(change.kind, committed_at, new, old)


def by_name(relation: Relation, row: Row | None) -> dict[str, str | None]:
    if row is None:
        return {}
    return {
        name: value
        for name, value in zip(relation.columns, row, strict=True)
        if not isinstance(value, Unchanged)
    }


def fault(table: Table, event: Event, message: str) -> str:
    """The data of a change that a role is told of, but may not see."""
    head = heading(table, event)
    return f'{{{head},"columns":[],"record":{{}},"old_record":{{}},"errors":{dumps([message])}}}'


def data(
    table: Table,
    event: Event,
    json_of: Mapping[tuple[str, str], str],
    readable: Collection[str],
    select: tuple[str, ...] | None,
) -> str:
    """The data for subscribers who may read `readable` and asked for `select` (None: everything).

    `json_of` has the JSON text of values whose type only the server can convert.
    """
    keys = {column.name for column in table.key}
    shown = [
        column
        for column in table.columns.values()
        if column.name in readable
        and (select is None or column.name in select or column.name in keys)
    ]
    large = event.too_large

    def row(record: Record, names: Collection[str] | None = None) -> str:
        parts = []
        for column in shown:
            if column.name not in record or (names is not None and column.name not in names):
                continue
            text = record[column.name]
            if text is None:
                value = "null"
            elif column.convert is None:
                value = json_of[column.regtype, text]
            else:
                value = column.convert(text)
            if not large or len(value.encode()) <= MAX_VALUE_BYTES_OF_LARGE_ROW:
                parts.append(f"{dumps(column.name)}:{value}")
        return f"{{{','.join(parts)}}}"

    columns = dumps([{"name": column.name, "type": column.type_name} for column in shown])
    parts = [heading(table, event), f'"columns":{columns}']
    if event.kind != "DELETE":
        parts.append(f'"record":{row(event.new)}')
    if event.kind != "INSERT":
        # With row level security on, no policy can say who may see a deleted row: its key only.
        only = keys if event.kind == "DELETE" and table.has_rls else None
        parts.append(f'"old_record":{row(event.old, only)}')
    parts.append(f'"errors":{dumps([TOO_LARGE]) if large else "null"}')
    return f"{{{','.join(parts)}}}"


def heading(table: Table, event: Event) -> str:
    moment = event.committed_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return (
        f'"schema":{dumps(table.schema)},"table":{dumps(table.name)},"type":"{event.kind}",'
        f'"commit_timestamp":"{moment.removesuffix("+00:00")}Z"'
    )
