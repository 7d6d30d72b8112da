"""Who wants to hear of which changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from .catalog import Table
from .conditions import Check
from .frames import Version, encode
from .joining import Wanted


class Subscriber(Hashable, Protocol):
    """A joined channel, as far as changes need to know it."""

    @property
    def version(self) -> Version: ...
    @property
    def wire_topic(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def claims_text(self) -> str: ...
    def send(self, frame: str | bytes) -> None: ...


@dataclass(eq=False)
class Subscription:
    """One accepted wish of one channel."""

    wanted: Wanted
    subscriber: Subscriber
    checks: tuple[Check, ...] | None = None
    checked_for: Table | None = None
    """The table `checks` are made ready for; a table that changed is another one."""


@dataclass
class Subscriptions:
    """All accepted wishes, found by the table that changed."""

    _by_table: defaultdict[tuple[str, str], set[Subscription]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def add(self, subscription: Subscription) -> None:
        wanted = subscription.wanted
        self._by_table[wanted.schema, wanted.table].add(subscription)

    def remove(self, subscription: Subscription) -> None:
        key = subscription.wanted.schema, subscription.wanted.table
        self._by_table[key].discard(subscription)
        if not self._by_table[key]:
            del self._by_table[key]

    def matching(self, schema: str, table: str, kind: str) -> Iterator[Subscription]:
        """The subscriptions that name this table, or all of them, and this kind of change."""
        for key in ((schema, table), (schema, "*"), ("*", table), ("*", "*")):
            for subscription in self._by_table.get(key, ()):
                if subscription.wanted.event in ("*", kind):
                    yield subscription


def send(data: str, subscriptions: Iterable[Subscription]) -> None:
    """Send a change to these; one frame per channel, with the ids of all its wishes that match."""
    ids: defaultdict[Subscriber, set[int]] = defaultdict(set)
    for subscription in subscriptions:
        ids[subscription.subscriber].add(subscription.wanted.id)
    frames: dict[tuple[str, str, tuple[int, ...]], str] = {}
    for subscriber, found in ids.items():
        numbers = tuple(sorted(found))
        key = subscriber.version, subscriber.wire_topic, numbers
        if key not in frames:
            payload = f'{{"ids":[{",".join(map(str, numbers))}],"data":{data}}}'
            frames[key] = encode(
                subscriber.version, subscriber.wire_topic, "postgres_changes", payload
            )
        subscriber.send(frames[key])
