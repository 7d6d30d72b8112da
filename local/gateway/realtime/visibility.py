"""Asks the database, as the subscriber, whether a row may be seen and what a channel allows."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import psycopg
from psycopg import sql

from .catalog import Table
from .conditions import Record
from .database import Connection, Unavailable
from .frames import dumps

log = logging.getLogger(__name__)

Caller = tuple[str, str]
"""A role and the claims it comes with, as JSON text."""


class RowChecks:
    """Row level security, asked of the table itself through one prepared statement per table."""

    def __init__(self) -> None:
        self._prepared: dict[int, tuple[Connection, Table]] = {}
        self._last: tuple[tuple[Caller, ...], tuple[str, str]] = (), ("{}", "{}")

    async def visible_to(
        self,
        connection: Connection,
        table: Table,
        record: Record,
        callers: Sequence[Caller],
        xid: int,
    ) -> set[Caller]:
        """The callers who may see the row with the key of `record`; one round trip for all.

        Asks when the transaction `xid` that wrote the row is settled. A policy that fails for one
        caller hides the row from that caller only.
        """
        name = await self._prepare(connection, table)
        values = sql.SQL(", ").join(sql.Literal(record[column.name]) for column in table.key)
        question = sql.SQL("execute {}({})").format(name, values).as_string(connection)
        try:
            return await self._ask(connection, question, callers, xid)
        except psycopg.Error as exc:
            if connection.closed:
                raise Unavailable(str(exc)) from exc
            if len(callers) == 1:
                log.warning("policy of %s.%s failed: %s", table.schema, table.name, exc)
                return set()
        seen: set[Caller] = set()
        for caller in callers:
            seen |= await self.visible_to(connection, table, record, [caller], xid)
        return seen

    async def _ask(
        self, connection: Connection, question: str, callers: Sequence[Caller], xid: int
    ) -> set[Caller]:
        # Callers of one role together: the plan of the statement belongs to a role.
        ordered = tuple(sorted(callers, key=itemgetter(0)))
        cursor = await connection.execute(
            "select realtime.visible_to(%s, %s, %s) from realtime.await_commit(%s)",
            (question, *self._arrays(ordered), xid),
        )
        row = await cursor.fetchone()
        answers = row[0] if row else ()
        return {caller for caller, sees in zip(ordered, answers, strict=True) if sees}

    def _arrays(self, callers: tuple[Caller, ...]) -> tuple[str, str]:
        """Roles and claims as array literals; the same listeners are asked about row after row."""
        if callers != self._last[0]:
            roles, claims = (array_literal(part) for part in zip(*callers, strict=True))
            self._last = callers, (roles, claims)
        return self._last[1]

    async def _prepare(self, connection: Connection, table: Table) -> sql.Identifier:
        """The name of the table's statement, prepared anew when table or connection is another."""
        name = sql.Identifier(f"visible_{table.oid}")
        known = self._prepared.get(table.oid)
        if known == (connection, table):
            return name
        self._prepared.pop(table.oid, None)
        if known is not None and known[0] is connection:
            await connection.execute(sql.SQL("deallocate {}").format(name))
        types = sql.SQL(", ").join(sql.SQL(column.regtype) for column in table.key)
        match = sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column.name), sql.SQL(f"${at}"))
            for at, column in enumerate(table.key, 1)
        )
        await connection.execute(
            sql.SQL("prepare {}({}) as select exists (select from {} where {})").format(
                name, types, table.qualified, match
            )
        )
        self._prepared[table.oid] = connection, table
        return name


def array_literal(items: Iterable[str]) -> str:
    escaped = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in escaped) + "}"


@dataclass(frozen=True)
class Rights:
    """What a caller may do on a channel. A public channel allows everything."""

    broadcast_read: bool = True
    presence_read: bool = True
    broadcast_write: bool = True
    presence_write: bool = True


async def channel_rights(
    connection: Connection, topic: str, claims: dict[str, Any], headers: dict[str, str]
) -> Rights:
    """What the policies on realtime.messages allow; a policy that fails allows nothing."""
    try:
        cursor = await connection.execute(
            "select * from realtime.channel_rights(%s, %s, %s, %s)",
            (topic, claims["role"], dumps(claims), dumps(headers)),
        )
        row = await cursor.fetchone()
    except psycopg.Error as exc:
        if connection.closed:
            raise Unavailable(str(exc)) from exc
        log.warning("policies of realtime.messages failed for %r: %s", topic, exc)
        row = None
    return Rights(*row) if row else Rights(False, False, False, False)
