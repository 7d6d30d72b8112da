"""Who has joined what, and the fan-out of broadcasts and presence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from .frames import Broadcast, Version, dumps, encode, encode_broadcast
from .presence import Diff, Presence


class Topic(NamedTuple):
    """A public and a private channel of one name are two topics: they never hear each other."""

    name: str
    private: bool


class Member(Hashable, Protocol):
    """A joined channel, as far as fan-out needs to know it."""

    @property
    def version(self) -> Version: ...
    @property
    def wire_topic(self) -> str: ...
    @property
    def hears_broadcast(self) -> bool: ...
    @property
    def hears_presence(self) -> bool: ...
    def send(self, frame: str | bytes) -> None: ...


@dataclass
class Topics:
    """All joined channels of this gateway."""

    presence: Presence = field(default_factory=Presence)
    _members: defaultdict[Topic, dict[Member, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def join(self, topic: Topic, member: Member) -> None:
        self._members[topic][member] = None

    def leave(self, topic: Topic, member: Member) -> None:
        """Take the member out; the others are told when it was present."""
        self._members[topic].pop(member, None)
        if not self._members[topic]:
            del self._members[topic]
        self.tell(topic, self.presence.untrack(topic, member))

    def has_members(self, topic: Topic) -> bool:
        return topic in self._members

    def broadcast(
        self, topic: Topic, message: Broadcast | dict[str, Any], sender: Member | None = None
    ) -> None:
        """To every member that may hear it, but the sender."""

        def frame(member: Member) -> str | bytes | None:
            return encode_broadcast(member.version, member.wire_topic, message)

        self._fan_out(topic, frame, lambda member: member is not sender and member.hears_broadcast)

    def tell(self, topic: Topic, diff: Diff | None) -> None:
        """Tell every member who came and who went."""
        if diff is None:
            return
        payload = dumps(diff.payload())

        def frame(member: Member) -> str:
            return encode(member.version, member.wire_topic, "presence_diff", payload)

        self._fan_out(topic, frame, lambda member: member.hears_presence)

    def _fan_out(
        self,
        topic: Topic,
        frame: Callable[[Member], str | bytes | None],
        wanted: Callable[[Member], bool],
    ) -> None:
        """Members of a topic share its name on the wire, so a frame is made once per version."""
        frames: dict[Version, str | bytes | None] = {}
        for member in list(self._members.get(topic, ())):
            if not wanted(member):
                continue
            if member.version not in frames:
                frames[member.version] = frame(member)
            made = frames[member.version]
            if made is not None:
                member.send(made)
