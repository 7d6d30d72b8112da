"""Where it is decided who is in which room: in this process, or in Redis for many
(`cluster.py`).
"""

from typing import TYPE_CHECKING, Protocol

from signaling_server.rooms import Joined, Left, Member, Rooms
from signaling_server.seats import Seat, Target

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class Directory(Protocol):
    """Takes decisions; may raise Refused, with `unavailable` when it cannot decide now."""

    node: str

    async def join(self, newcomer: Member, resume: tuple[str, str] | None) -> Joined: ...

    async def leave(self, member: Member, reason: str) -> Left | None: ...

    async def lose(self, seat: Seat) -> None:
        """A local seat has lost its client; it may come back here or elsewhere."""

    def ready(self) -> bool:
        """Whether decisions can be made, as far as is known."""

    def target(self, member: Member) -> Target:
        """How to reach a member that is not on this node."""

    async def start(self, hub: "Hub") -> None: ...

    async def close(self) -> None: ...


class LocalDirectory:
    """One process: the rooms are here."""

    def __init__(self, rooms: Rooms, node: str) -> None:
        self.node = node
        self._rooms = rooms

    async def join(self, newcomer: Member, resume: tuple[str, str] | None) -> Joined:
        return self._rooms.join(newcomer, resume)

    async def leave(self, member: Member, reason: str) -> Left | None:
        return self._rooms.leave(member.peer)

    async def lose(self, seat: Seat) -> None:
        self._rooms.lose(seat.member.peer)

    def ready(self) -> bool:
        return True

    def target(self, member: Member) -> Target:
        raise LookupError(member.peer)

    async def start(self, hub: "Hub") -> None:
        return

    async def close(self) -> None:
        return
