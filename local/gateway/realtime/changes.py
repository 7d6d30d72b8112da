"""From a committed change to the frames of those who may see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import psycopg

from . import catalog, conditions
from .catalog import Table
from .conditions import Check
from .database import Connection, Database
from .payloads import NO_PRIMARY_KEY, UNAUTHORIZED, Event, data, event_of, fault
from .pgoutput import Begin, Change, Relation
from .subscriptions import Subscriber, Subscription, Subscriptions, send
from .visibility import Caller, RowChecks


class Changes:
    """Delivers changes, one after the other. Costs nothing for tables nobody listens to."""

    def __init__(self, database: Database, subscriptions: Subscriptions, rows: RowChecks) -> None:
        self._database = database
        self._subscriptions = subscriptions
        self._relations: dict[int, Relation] = {}
        self._tables: dict[int, Table] = {}
        self._rows = rows
        self._settled: Begin | None = None

    def learn(self, relation: Relation) -> None:
        """A table is described (anew): what we knew of its columns and grants may be wrong now."""
        self._relations[relation.oid] = relation
        self._tables.pop(relation.oid, None)

    def relation(self, oid: int) -> Relation:
        return self._relations[oid]

    async def deliver(self, change: Change, begin: Begin) -> None:
        """Send the change to every subscriber who asked for it and may see it."""
        relation = self._relations[change.relation]
        wishes = list(self._subscriptions.matching(relation.schema, relation.table, change.kind))
        if not wishes:
            return
        event = event_of(relation, change, begin.committed_at)
        async with self._database.connection() as connection:
            table = await self._table(connection, relation, begin)
            if table is None:
                return
            wishes = await self._filtered(connection, table, event, wishes)
            if not wishes:
                return
            readable = await self._readable(connection, table, wishes)
            known = [wish for wish in wishes if wish.subscriber.role in readable]
            faults = {} if event.kind == "DELETE" else self._faults(table, readable)
            sound = [wish for wish in known if wish.subscriber.role not in faults]
            sound = await self._visible(connection, table, event, sound, begin)
            await self._await_commit(connection, begin)
            json_of = await self._server_json(connection, table, event) if sound else {}
        for wish in known:
            if wish.subscriber.role in faults:
                send(fault(table, event, faults[wish.subscriber.role]), [wish])
        groups = defaultdict(list)
        for wish in sound:
            groups[readable[wish.subscriber.role], wish.wanted.select].append(wish)
        for (names, select), members in groups.items():
            send(data(table, event, json_of, names, select), members)

    async def settled(self, begin: Begin) -> None:
        """Wait until every session sees what this transaction did."""
        async with self._database.connection() as connection:
            await self._await_commit(connection, begin)

    async def _await_commit(self, connection: Connection, begin: Begin) -> None:
        if self._settled is not begin:
            await connection.execute("select realtime.await_commit(%s)", (begin.xid,))
            self._settled = begin

    async def _table(
        self, connection: Connection, relation: Relation, begin: Begin
    ) -> Table | None:
        if relation.oid not in self._tables:
            # The transaction may have altered the table itself.
            await self._await_commit(connection, begin)
            table = await catalog.read_table(connection, relation.oid)
            if table is None:
                return None
            self._tables[relation.oid] = table
        return self._tables[relation.oid]

    async def _filtered(
        self, connection: Connection, table: Table, event: Event, wishes: Sequence[Subscription]
    ) -> list[Subscription]:
        """Those whose filter the row passes. Filters first: they are cheap, policies are not."""
        row = event.seen
        passed: list[Subscription] = []
        asking: list[tuple[Subscription, list[Check]]] = []
        for wish in wishes:
            if wish.checked_for is not table:
                wish.checks = await self._checks_of(connection, table, wish)
                wish.checked_for = table
            checks = wish.checks
            if checks is not None and all(
                check.operands is None or check.holds(row) for check in checks
            ):
                questions = [check for check in checks if check.operands is None]
                if questions:
                    asking.append((wish, questions))
                else:
                    passed.append(wish)
        if asking:
            distinct = list(dict.fromkeys(check for _, checks in asking for check in checks))
            true = await conditions.ask(connection, distinct, row)
            passed += [wish for wish, checks in asking if true.issuperset(checks)]
        return passed

    async def _checks_of(
        self, connection: Connection, table: Table, wish: Subscription
    ) -> tuple[Check, ...] | None:
        """The wish's conditions made ready for the table; None when the table has changed so that
        they do not fit it any more.
        """
        every = frozenset(table.columns)
        try:
            return tuple(
                [
                    await conditions.prepare(connection, table, every, condition)
                    for condition in wish.wanted.conditions
                ]
            )
        except conditions.Invalid:
            return None

    async def _readable(
        self, connection: Connection, table: Table, wishes: Sequence[Subscription]
    ) -> dict[str, frozenset[str]]:
        """The columns each role may read; a role that was dropped is missing."""
        readable = {}
        for role in {wish.subscriber.role for wish in wishes}:
            try:
                readable[role] = await catalog.readable(connection, table, role)
            except psycopg.errors.UndefinedObject:
                continue
        return readable

    def _faults(self, table: Table, readable: dict[str, frozenset[str]]) -> dict[str, str]:
        if not table.key:
            return dict.fromkeys(readable, NO_PRIMARY_KEY)
        keys = {column.name for column in table.key}
        return {role: UNAUTHORIZED for role, names in readable.items() if not keys <= names}

    async def _visible(
        self,
        connection: Connection,
        table: Table,
        event: Event,
        wishes: list[Subscription],
        begin: Begin,
    ) -> list[Subscription]:
        if not table.has_rls or event.kind == "DELETE":
            return wishes
        callers: dict[Caller, None] = {
            caller(wish.subscriber): None
            for wish in wishes
            if not table.bypass[wish.subscriber.role]
        }
        seen = set()
        if callers:
            seen = await self._rows.visible_to(
                connection, table, event.new, list(callers), begin.xid
            )
            self._settled = begin
        return [
            wish
            for wish in wishes
            if table.bypass[wish.subscriber.role] or caller(wish.subscriber) in seen
        ]

    async def _server_json(
        self, connection: Connection, table: Table, event: Event
    ) -> dict[tuple[str, str], str]:
        values = {
            (column.regtype, text): None
            for column in table.columns.values()
            if column.convert is None
            for text in (event.new.get(column.name), event.old.get(column.name))
            if text is not None
        }
        if not values:
            return {}
        return dict(zip(values, await catalog.as_json(connection, list(values)), strict=True))


def caller(subscriber: Subscriber) -> Caller:
    return subscriber.role, subscriber.claims_text
