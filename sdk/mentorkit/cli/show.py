"""Tables for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

Columns = Mapping[str, Callable[[Any], object]]


def plain(value: Any) -> Any:
    """A value as JSON has it: ISO 8601 times with their offset, ids as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def as_json(value: Any) -> None:
    """One JSON text on one line: watchers give one for each row."""
    click.echo(json.dumps(plain(value), ensure_ascii=False))


def rows(found: Sequence[Any], columns: Columns, *, json_wanted: bool, nothing: str) -> None:
    """A table, or the rows as a JSON list."""
    if json_wanted:
        as_json(list(found))
        return
    if not found:
        click.echo(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    for row in found:
        table.add_row(*(_cell(read(row)) for read in columns.values()))
    Console().print(table)


def one(found: Any, sentence: str, *, json_wanted: bool) -> None:
    """A sentence, or the row as JSON."""
    if json_wanted:
        as_json(found)
    else:
        click.echo(sentence)


def local(moment: datetime) -> str:
    """A time in the zone of this computer."""
    return moment.astimezone().strftime("%a %d %b %Y %H:%M")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return local(value) if isinstance(value, datetime) else str(value)
