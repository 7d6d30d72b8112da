"""Reads the messages of PostgreSQL's pgoutput plugin, protocol version 1, text values. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Unchanged:
    """Stands for a large value that the UPDATE did not touch, so that it was not sent."""


UNCHANGED = Unchanged()
Value = str | None | Unchanged
Row = tuple[Value, ...]
Kind = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Begin:
    committed_at: datetime
    xid: int


@dataclass(frozen=True)
class Commit:
    end_lsn: int


@dataclass(frozen=True)
class Relation:
    """Sent before the first change of a table, and again when its definition or grants changed."""

    oid: int
    schema: str
    table: str
    columns: tuple[str, ...]
    key: tuple[bool, ...]


@dataclass(frozen=True)
class Change:
    """One row written.

    `old` is the old row when the server sent it: whole with full replica identity, else only its
    key columns count (`old_is_key`); it is not sent for an UPDATE that leaves the key as it was.
    """

    kind: Kind
    relation: int
    new: Row | None
    old: Row | None
    old_is_key: bool = False


Message = Begin | Commit | Relation | Change


class Reader:
    """A cursor over the bytes of one message."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 1

    def integer(self, size: int) -> int:
        value = int.from_bytes(self.data[self.at : self.at + size], "big")
        self.at += size
        if self.at > len(self.data):
            raise ValueError("pgoutput message ends too early")
        return value

    def string(self) -> str:
        end = self.data.index(b"\0", self.at)
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text

    def row(self) -> Row:
        return tuple(self.value() for _ in range(self.integer(2)))

    def value(self) -> Value:
        kind = self.integer(1)
        if kind == ord("n"):
            return None
        if kind == ord("u"):
            return UNCHANGED
        length = self.integer(4)
        end = self.at + length
        if end > len(self.data):
            raise ValueError("pgoutput message ends too early")
        text = self.data[self.at : end].decode()
        self.at = end
        return text


def decode(data: bytes) -> Message | None:
    """The message in `data`; None when it carries nothing we pass on (truncate, type, origin)."""
    match data[:1]:
        case b"B":
            _, micros, xid = struct.unpack_from(">QqI", data, 1)
            return Begin(POSTGRES_EPOCH + timedelta(microseconds=micros), xid)
        case b"C":
            _, _, end_lsn, _ = struct.unpack_from(">BQQq", data, 1)
            return Commit(end_lsn)
        case b"R":
            return decode_relation(Reader(data))
        case b"I" | b"U" | b"D":
            return decode_change(Reader(data))
        case _:
            return None


def decode_relation(reader: Reader) -> Relation:
    oid = reader.integer(4)
    schema = reader.string() or "pg_catalog"
    table = reader.string()
    reader.integer(1)  # the replica identity: the rows themselves show what it is
    names: list[str] = []
    key: list[bool] = []
    for _ in range(reader.integer(2)):
        key.append(bool(reader.integer(1) & 1))
        names.append(reader.string())
        reader.integer(8)  # type and its modifier: the catalogue is asked instead
    return Relation(oid, schema, table, tuple(names), tuple(key))


KINDS: dict[int, Kind] = {ord("I"): "INSERT", ord("U"): "UPDATE", ord("D"): "DELETE"}


def decode_change(reader: Reader) -> Change:
    kind = KINDS[reader.data[0]]
    relation = reader.integer(4)
    new = old = None
    old_is_key = False
    while reader.at < len(reader.data):
        part = reader.integer(1)
        if part == ord("N"):
            new = reader.row()
        elif part in (ord("O"), ord("K")):
            old, old_is_key = reader.row(), part == ord("K")
        else:
            raise ValueError(f"unknown part {part} in a pgoutput change")
    return Change(kind, relation, new, old, old_is_key)
