"""Keyset pagination: the next page begins after a row, not after a number of rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from mentorkit.models import Role

MOST = 1000
"""What Supabase caps an answer at."""


def size(limit: int) -> int:
    """The limit, when it is one that the server keeps."""
    if not 1 <= limit <= MOST:
        raise ValueError(f"limit must be between 1 and {MOST}; `each` goes through any number")
    return limit


def after(query: Any, column: str, value: datetime, row: UUID, *, descending: bool = True) -> Any:
    """Narrow a query to what comes after a row, in order of a column and then of id."""
    side = "lt" if descending else "gt"
    at = f'"{value.isoformat()}"'
    return query.or_(f"{column}.{side}.{at},and({column}.eq.{at},id.{side}.{row})")


def mine(query: Any, me: UUID, role: Role | None) -> Any:
    """Narrow a query to my rows, as one of the two or as either."""
    if role is None:
        return query.or_(f"mentor_id.eq.{me},student_id.eq.{me}")
    return query.eq(f"{role}_id", str(me))
