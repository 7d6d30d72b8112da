"""Who is present on a topic. Pure: answers what to tell."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

Meta = dict[str, Any]
State = dict[str, dict[str, list[Meta]]]


@dataclass(frozen=True)
class Diff:
    """What changed; empty on both sides when nothing did."""

    joins: State
    leaves: State

    def payload(self) -> dict[str, State]:
        return {"joins": self.joins, "leaves": self.leaves}


@dataclass
class Presence:
    """The people of all topics. A person is a channel; several may share one presence key."""

    _topics: defaultdict[Hashable, dict[Hashable, tuple[str, Meta]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def state(self, topic: Hashable) -> State:
        """Everybody present on the topic, by key."""
        state: State = {}
        for key, meta in self._topics.get(topic, {}).values():
            state.setdefault(key, {"metas": []})["metas"].append(meta)
        return state

    def track(self, topic: Hashable, who: Hashable, key: str, payload: Meta) -> Diff | None:
        """Come, or show something else; None when it is what was shown already."""
        before = self._topics[topic].get(who)
        meta = {**payload, "phx_ref": secrets.token_urlsafe(9)}
        if before is None:
            self._topics[topic][who] = key, meta
            return Diff(one(key, meta), {})
        old = before[1]
        if payload == {
            name: value for name, value in old.items() if name not in ("phx_ref", "phx_ref_prev")
        }:
            return None
        meta["phx_ref_prev"] = old["phx_ref"]
        self._topics[topic][who] = key, meta
        return Diff(one(key, meta), one(key, old))

    def untrack(self, topic: Hashable, who: Hashable) -> Diff | None:
        """Go; None for somebody who was not there."""
        people = self._topics.get(topic, {})
        gone = people.pop(who, None)
        if not people:
            self._topics.pop(topic, None)
        return Diff({}, one(*gone)) if gone else None


def one(key: str, meta: Meta) -> State:
    return {key: {"metas": [meta]}}
