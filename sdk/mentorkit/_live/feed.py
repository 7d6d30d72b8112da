"""What can be watched: a table, the rows that are mine in it, and which of them are open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from mentorkit._calls import Call, Database
from mentorkit._rows import Row, many
from mentorkit.models import Role

PAGE = 500
"""Rows a read asks for at once; less than the 1,000 that Supabase caps answers at."""


class Overflow(StrEnum):
    """What happens when changes come faster than they are taken and the buffer is full."""

    REREAD = "reread"
    """Forget the buffer and read the rows again when it is their turn: nothing is lost, but of
    a row that changed several times meanwhile only the newest state is given."""
    RAISE = "raise"
    """Raise `TooSlow` from the iterator."""


class Via(StrEnum):
    """How changes travel."""

    CHANGES = "postgres_changes"
    """As Supabase documents it: the row itself, filtered and checked for each watcher."""
    BROADCAST = "broadcast"
    """A hint on the user's private channel, upon which the rows are read: for projects with
    thousands of watchers. The database has to send them: see "Watch for changes" in the docs."""


class Changing(Protocol):
    """A row that knows when it last changed."""

    @property
    def id(self) -> UUID: ...

    @property
    def updated_at(self) -> datetime: ...


T = TypeVar("T", bound=Changing)


@dataclass(frozen=True, slots=True)
class Feed(Generic[T]):
    """A table that can be watched."""

    table: str
    channel: str
    columns: str
    read: Callable[[Row], T]
    mine: dict[Role, str]
    """The column that names me, by the role I have in the row."""
    open_filter: Callable[[Any], Any]
    """Narrows a query to the rows that are given first."""
    is_open: Callable[[T], bool]
    first_order: str
    """The column that puts the first rows in order."""
    first_key: Callable[[T], datetime]
    has_people: bool = False
    """Whether its rows tell of a student and a mentor."""

    def bindings(self, me: UUID) -> list[dict[str, str]]:
        """What the channel subscribes to: rows made and changed, for each role."""
        return [
            {
                "event": event,
                "schema": "public",
                "table": self.table,
                "filter": f"{column}=eq.{me}",
            }
            for column in self.mine.values()
            for event in ("INSERT", "UPDATE")
        ]

    def topic(self, me: UUID, via: Via) -> str:
        """The channel to join."""
        return self.channel if via is Via.CHANGES else f"{self.table}:{me}"

    def columns_of(self, role: Role | None) -> list[str]:
        """The columns that make a row mine in that role, or in any."""
        return list(self.mine.values()) if role is None else [self.mine[role]]

    def newest(self, me: UUID, role: Role | None, before: T | None) -> Call[list[T]]:
        """A page of my rows, the last changed first."""

        def build(db: Database) -> Any:
            query = self._mine(db, me, role)
            if before is not None:
                query = query.or_(_beyond("updated_at", "lt", before.updated_at, before.id))
            return query.order("updated_at", desc=True).order("id", desc=True).limit(PAGE)

        return Call(build, many(self.read))

    def open(self, me: UUID, role: Role | None, after: T | None) -> Call[list[T]]:
        """A page of my open rows, in the order they are given first."""

        def build(db: Database) -> Any:
            query = self.open_filter(self._mine(db, me, role))
            if after is not None:
                query = query.or_(_beyond(self.first_order, "gt", self.first_key(after), after.id))
            return query.order(self.first_order).order("id").limit(PAGE)

        return Call(build, many(self.read))

    def changed(
        self, me: UUID, role: Role | None, since: datetime, after: T | None
    ) -> Call[list[T]]:
        """A page of my rows changed since then, the first changed first."""

        def build(db: Database) -> Any:
            query = self._mine(db, me, role)
            if after is None:
                query = query.gte("updated_at", since.isoformat())
            else:
                query = query.or_(_beyond("updated_at", "gt", after.updated_at, after.id))
            return query.order("updated_at").order("id").limit(PAGE)

        return Call(build, many(self.read))

    def _mine(self, db: Database, me: UUID, role: Role | None) -> Any:
        query = db.from_(self.table).select(self.columns)
        columns = self.columns_of(role)
        if len(columns) == 1:
            return query.eq(columns[0], str(me))
        return query.or_(",".join(f"{column}.eq.{me}" for column in columns))


def _beyond(column: str, side: str, value: datetime, row: UUID) -> str:
    at = f'"{value.isoformat()}"'
    return f"{column}.{side}.{at},and({column}.eq.{at},id.{side}.{row})"
