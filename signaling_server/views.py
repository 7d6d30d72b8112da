"""The rooms as one node sees them: how to reach each member from here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from signaling_server.rooms import Member
from signaling_server.seats import Seat, Target


@dataclass(slots=True, eq=False)
class RoomView:
    """A room with at least one seat on this node, and when to ask the database about it again."""

    room: str
    targets: dict[bytes, Target] = field(default_factory=dict)
    closes_at: float = 0
    check_at: float = 0
    checking: bool = False

    def seats(self) -> list[Seat]:
        return [target for target in self.targets.values() if isinstance(target, Seat)]


class Views:
    """All rooms of a node. A room is forgotten with its last seat here."""

    def __init__(self) -> None:
        self._views: dict[str, RoomView] = {}
        self._room_of: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._views)

    def __iter__(self) -> Iterator[RoomView]:
        return iter(list(self._views.values()))

    def get(self, room: str) -> RoomView | None:
        return self._views.get(room)

    def open(self, room: str) -> RoomView:
        view = self._views.get(room)
        if view is None:
            view = self._views[room] = RoomView(room)
        return view

    def place(self, view: RoomView, target: Target) -> None:
        """Put a member into a room, or in the place of what stood for it before."""
        self._views[view.room] = view
        self._room_of[target.member.peer] = view.room
        view.targets[target.member.peer.encode()] = target

    def remove(self, member: Member) -> Target | None:
        """Take a member out; the answer is what stood for it, None when it was not known."""
        view = self._views.get(member.room)
        if view is None or (target := view.targets.pop(member.peer.encode(), None)) is None:
            return None
        self._room_of.pop(member.peer, None)
        if not view.seats():
            self._forget(view)
        return target

    def find(self, peer: str) -> Target | None:
        view = self._views.get(self._room_of.get(peer, ""))
        return None if view is None else view.targets.get(peer.encode())

    def seats(self) -> list[Seat]:
        return [seat for view in self._views.values() for seat in view.seats()]

    def _forget(self, view: RoomView) -> None:
        self._views.pop(view.room, None)
        for target in view.targets.values():
            self._room_of.pop(target.member.peer, None)
        # Connections hold this very dict: a stale one must not find anybody in it.
        view.targets.clear()
