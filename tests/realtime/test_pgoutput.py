"""The decoder of PostgreSQL's replication messages."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.gateway.realtime.pgoutput import (
    POSTGRES_EPOCH,
    UNCHANGED,
    Begin,
    Change,
    Commit,
    Relation,
    Row,
    Value,
    decode,
)
from tests.support.campaign import size

campaign = settings(deadline=None, max_examples=size(40, 2000))

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
oids = st.integers(0, 2**32 - 1)
values: st.SearchStrategy[Value] = st.one_of(st.none(), st.just(UNCHANGED), st.text(max_size=20))
rows = st.lists(values, max_size=6).map(tuple)


def cstring(text: str) -> bytes:
    return text.encode() + b"\0"


def packed(row: Row) -> bytes:
    parts = [struct.pack(">H", len(row))]
    for value in row:
        if value is None:
            parts.append(b"n")
        elif isinstance(value, str):
            data = value.encode()
            parts.append(b"t" + struct.pack(">I", len(data)) + data)
        else:
            parts.append(b"u")
    return b"".join(parts)


@campaign
@given(oids, rows)
def test_an_insert_is_read_back(oid: int, row: Row) -> None:
    data = b"I" + struct.pack(">I", oid) + b"N" + packed(row)
    assert decode(data) == Change("INSERT", oid, row, None)


@campaign
@given(oids, rows, rows, st.sampled_from([b"O", b"K", b""]))
def test_an_update_is_read_back(oid: int, old: Row, new: Row, part: bytes) -> None:
    before = part + packed(old) if part else b""
    data = b"U" + struct.pack(">I", oid) + before + b"N" + packed(new)
    assert decode(data) == Change("UPDATE", oid, new, old if part else None, part == b"K")


@campaign
@given(oids, rows, st.sampled_from([b"O", b"K"]))
def test_a_delete_is_read_back(oid: int, old: Row, part: bytes) -> None:
    data = b"D" + struct.pack(">I", oid) + part + packed(old)
    assert decode(data) == Change("DELETE", oid, None, old, part == b"K")


@campaign
@given(oids, texts, texts, st.lists(st.tuples(st.booleans(), texts), max_size=5))
def test_a_relation_is_read_back(
    oid: int, schema: str, table: str, columns: list[tuple[bool, str]]
) -> None:
    parts = [b"R", struct.pack(">I", oid), cstring(schema), cstring(table), b"d"]
    parts.append(struct.pack(">H", len(columns)))
    for key, name in columns:
        parts += [bytes([key]), cstring(name), struct.pack(">Ii", 25, -1)]
    assert decode(b"".join(parts)) == Relation(
        oid,
        schema or "pg_catalog",
        table,
        tuple(name for _, name in columns),
        tuple(key for key, _ in columns),
    )


def test_begin_tells_when_and_who() -> None:
    moment = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
    micros = (moment - POSTGRES_EPOCH) // timedelta(microseconds=1)
    assert decode(b"B" + struct.pack(">QqI", 7, micros, 42)) == Begin(moment, 42)


def test_commit_tells_where() -> None:
    assert decode(b"C" + struct.pack(">BQQq", 0, 1, 2, 3)) == Commit(2)


@pytest.mark.parametrize("data", [b"T\0\0\0\0", b"Y", b"O", b"M", b""])
def test_what_carries_no_change_is_passed_over(data: bytes) -> None:
    assert decode(data) is None


@campaign
@given(oids, rows, st.data())
def test_a_cut_message_is_an_error_never_a_wrong_row(
    oid: int, row: Row, data: st.DataObject
) -> None:
    whole = b"I" + struct.pack(">I", oid) + b"N" + packed(row)
    cut = data.draw(st.integers(6, len(whole) - 1))
    with pytest.raises(ValueError):
        decode(whole[:cut])
