"""Who is in which room: pure state, no I/O, no clock.

Every call answers what changed, so that the caller can tell the people concerned. The Lua scripts
of `scripts.py` take the same decisions for many nodes.
"""

import hmac
from dataclasses import dataclass, replace

from signaling_server.errors import Refused


@dataclass(frozen=True, slots=True)
class Member:
    """One person's presence in one room. `order` says who was there first, and survives a
    resume.
    """

    room: str
    peer: str
    user: str
    name: str
    role: str
    secret: str
    node: str = ""
    order: int = 0
    away: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """`others` are the other members, in order; `replaced` is the person's older self.

    A peer that resumes from another node brings its numbering and kept signals.
    """

    member: Member
    others: tuple[Member, ...]
    replaced: Member | None = None
    resumed: bool = False
    seq: int = 0
    kept: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    member: Member
    others: tuple[Member, ...]


class Rooms:
    """Rooms of at most `capacity` peers; a person is in a room at most once."""

    def __init__(self, capacity: int = 2, rooms_per_user: int = 5) -> None:
        self._capacity = capacity
        self._rooms_per_user = rooms_per_user
        self._rooms: dict[str, dict[str, Member]] = {}
        self._room_of: dict[str, str] = {}
        self._rooms_of_user: dict[str, set[str]] = {}
        self._order = 0

    def __len__(self) -> int:
        return len(self._rooms)

    def members(self, room: str) -> tuple[Member, ...]:
        """Everybody in the room, first come first."""
        return tuple(sorted(self._rooms.get(room, {}).values(), key=lambda one: one.order))

    def rooms_of(self, user: str) -> frozenset[str]:
        """The rooms a person is in, also while away."""
        return frozenset(self._rooms_of_user.get(user, ()))

    def join(self, newcomer: Member, resume: tuple[str, str] | None = None) -> Joined:
        """Let `newcomer` in, as the peer it was when `resume` (peer, secret) names its own
        presence.

        Raises Refused with `room_full`, or `rate_limited` for a person in too many rooms; a refused
        join changes nothing.
        """
        inside = self._rooms.get(newcomer.room, {})
        if resume is not None and (former := inside.get(resume[0])) is not None:
            same_secret = hmac.compare_digest(former.secret.encode(), resume[1].encode())
            if former.user == newcomer.user and same_secret:
                back = replace(former, node=newcomer.node, name=newcomer.name, away=False)
                inside[back.peer] = back
                return Joined(back, self._others(back), None, True)
        older = next((one for one in inside.values() if one.user == newcomer.user), None)
        if len(inside) - (older is not None) >= self._capacity:
            raise Refused("room_full")
        if older is None and len(self.rooms_of(newcomer.user)) >= self._rooms_per_user:
            raise Refused("rate_limited", "You are in too many rooms at once.")
        if older is not None:
            self.leave(older.peer)
        self._order += 1
        member = replace(newcomer, order=self._order, away=False)
        self._rooms.setdefault(member.room, {})[member.peer] = member
        self._room_of[member.peer] = member.room
        self._rooms_of_user.setdefault(member.user, set()).add(member.room)
        return Joined(member, self._others(member), older, False)

    def lose(self, peer: str) -> Member | None:
        """Mark a peer whose network was lost: it keeps its place until it resumes or leaves."""
        if (room := self._room_of.get(peer)) is None:
            return None
        member = replace(self._rooms[room][peer], away=True)
        self._rooms[room][peer] = member
        return member

    def leave(self, peer: str) -> Left | None:
        """Take a peer out; None when it was in no room."""
        if (room := self._room_of.pop(peer, None)) is None:
            return None
        member = self._rooms[room].pop(peer)
        others = self._others(member)
        if not self._rooms[room]:
            del self._rooms[room]
        # A person is in a room once, so this was the only reason for the entry.
        self._rooms_of_user[member.user].discard(room)
        if not self._rooms_of_user[member.user]:
            del self._rooms_of_user[member.user]
        return Left(member, others)

    def _others(self, member: Member) -> tuple[Member, ...]:
        return tuple(one for one in self.members(member.room) if one.peer != member.peer)
