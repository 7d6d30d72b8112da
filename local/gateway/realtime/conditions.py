"""Conditions of a filter: checked against a table on subscribing, against rows later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from .catalog import Table
from .database import Connection
from .filters import IS_VALUES, MOST_VALUES, PATTERNS, Condition

Record = Mapping[str, str | None]

SYMBOLS = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "in": "= any",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
}
PLAIN = ("eq", "neq", "in", "is", "isdistinct")
INTEGERS = ("smallint", "integer", "bigint")


class Invalid(Exception):
    """The condition does not fit the table."""


@dataclass(frozen=True)
class Check:
    """A condition made ready for one table.

    `operands` are the values in the server's own spelling, so that equality is equality of text;
    None when only the server can compare (order, patterns, numbers with fractions).
    """

    condition: Condition
    regtype: str
    operands: tuple[str, ...] | None

    def holds(self, record: Record) -> bool:
        """Whether `record` passes; only for checks with operands. Unknown (null) does not."""
        condition = self.condition
        if condition.column not in record or self.operands is None:
            return False
        value = record[condition.column]
        if condition.operator == "is":
            return (value == {"true": "t", "false": "f"}.get(condition.value)) != condition.negated
        if condition.operator == "isdistinct":
            return (value != self.operands[0]) != condition.negated
        if value is None:
            return False
        return self.compare(value, self.operands) != condition.negated

    def compare(self, value: str, operands: tuple[str, ...]) -> bool:
        match self.condition.operator:
            case "eq" | "in":
                return value in operands
            case "neq":
                return value not in operands
            case "lt":
                return int(value) < int(operands[0])
            case "lte":
                return int(value) <= int(operands[0])
            case "gt":
                return int(value) > int(operands[0])
            case _:
                return int(value) >= int(operands[0])

    def as_sql(self, record: Record) -> sql.Composable:
        """The same question for the server."""
        condition = self.condition
        value = sql.SQL("{}::{}").format(
            sql.Literal(record[condition.column]), sql.SQL(self.regtype)
        )
        negation = sql.SQL("not " if condition.negated else "")
        if condition.operator == "isdistinct":
            return sql.SQL("{}({} is distinct from {}::{})").format(
                negation, value, sql.Literal(condition.value), sql.SQL(self.regtype)
            )
        return sql.SQL("coalesce({}({} {} ({}::{}{})), false)").format(
            negation,
            value,
            sql.SQL(SYMBOLS[condition.operator]),
            sql.Literal(condition.value),
            sql.SQL(self.regtype),
            sql.SQL("[]" if condition.operator == "in" else ""),
        )


async def prepare(
    connection: Connection, table: Table, readable: frozenset[str], condition: Condition
) -> Check:
    """Check a condition against the table and the columns the role may read. Raises Invalid."""
    column = table.columns.get(condition.column)
    if column is None or condition.column not in readable:
        raise Invalid(f"invalid column for filter {condition.column}")
    operator, regtype = condition.operator, column.regtype
    if operator == "is":
        if condition.value not in IS_VALUES:
            raise Invalid("invalid value for is filter: must be null, true, false, or unknown")
        if condition.value != "null" and regtype != "boolean":
            raise Invalid(f"is {condition.value} filter requires a boolean column, got {regtype}")
        return Check(condition, regtype, ())
    try:
        if operator in PATTERNS:
            await try_pattern(connection, condition, regtype)
            return Check(condition, regtype, None)
        operands = await spelled(connection, condition, regtype)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as exc:
        raise Invalid(reason(exc)) from exc
    if len(operands) > MOST_VALUES:
        raise Invalid(f"too many values for `in` filter. Maximum {MOST_VALUES}")
    known = tuple(operand for operand in operands if operand is not None)
    in_python = len(known) == len(operands) and (
        regtype in INTEGERS or (column.is_exact and operator in PLAIN)
    )
    return Check(condition, regtype, known if in_python else None)


async def spelled(connection: Connection, condition: Condition, regtype: str) -> list[str | None]:
    """The values as the server writes them; fails for values that are not of the type."""
    many = condition.operator == "in"
    # format() writes as the stream does: a boolean as t, where a cast to text makes true of it.
    question = sql.SQL(
        "select array(select case when value is not null then format('%s', value) end"
        " from unnest({}::{}[]) as value)"
    ).format(sql.Literal(condition.value if many else [condition.value]), sql.SQL(regtype))
    row = await (await connection.execute(question)).fetchone()
    return row[0] if row else []


async def try_pattern(connection: Connection, condition: Condition, regtype: str) -> None:
    """Fails for types without the operator and for patterns that are none."""
    question = sql.SQL("select ''::{} {} {}").format(
        sql.SQL(regtype), sql.SQL(SYMBOLS[condition.operator]), sql.Literal(condition.value)
    )
    try:
        await connection.execute(question)
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidTextRepresentation) as exc:
        raise Invalid(
            f"operator {condition.operator} requires a text-compatible column type, got {regtype}"
        ) from exc


def reason(error: psycopg.Error) -> str:
    return re.sub(r"\nLINE .*", "", str(error), flags=re.DOTALL).strip()


async def ask(connection: Connection, checks: Sequence[Check], record: Record) -> set[Check]:
    """Which of these checks hold for the row, all asked of the server in one round trip."""
    askable = [check for check in checks if check.condition.column in record]
    if not askable:
        return set()
    parts = sql.SQL(", ").join(check.as_sql(record) for check in askable)
    row = await (await connection.execute(sql.SQL("select {}").format(parts))).fetchone()
    return {check for check, holds in zip(askable, row or (), strict=True) if holds}
