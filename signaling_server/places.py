"""Who sits where on this node: seats taken, lost and given up, and what other nodes do to them."""

from typing import TYPE_CHECKING

from signaling_server.access import Admission
from signaling_server.connection import TRY_LATER, Connection
from signaling_server.errors import Refused
from signaling_server.rooms import Joined, Member
from signaling_server.seats import Seat
from signaling_server.views import RoomView, Views

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class Places:
    """The rooms as seen from here, and the peers that are away."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.views = Views()
        self.away: dict[Seat, float] = {}

    def take_seat(self, connection: Connection, joined: Joined, admission: Admission) -> Seat:
        member = joined.member
        view = self.views.open(member.room)
        view.closes_at = admission.closes_at.timestamp()
        view.check_at = self._hub.now() + self._hub.settings.recheck_seconds
        seat = view.targets.get(member.peer.encode())
        if not isinstance(seat, Seat):
            seat = Seat(
                member,
                kept_signals=self._hub.settings.kept_signals,
                kept_bytes=self._hub.settings.kept_bytes,
            )
            if joined.resumed:
                seat.take_over(joined.seq, joined.kept)
            self.views.place(view, seat)
        seat.member = member
        self.away.pop(seat, None)
        if joined.replaced is not None:
            self.drop(joined.replaced, "replaced")
        former = seat.outlet
        if isinstance(former, Connection) and former is not connection:
            former.vacate(None)
            former.shut(TRY_LATER)
        for other in joined.others:
            if other.peer.encode() not in view.targets:
                self.views.place(view, self._hub.directory.target(other))
        seat.outlet = connection
        connection.seat = seat
        connection.targets = view.targets
        if not joined.resumed:
            self._announce(view, member)
        return seat

    def _announce(self, view: RoomView, newcomer: Member) -> None:
        """Those who were there make the first offer, and are the impolite ones."""
        told = {
            "peer": newcomer.peer,
            "name": newcomer.name,
            "role": newcomer.role,
            "polite": False,
        }
        for seat in view.seats():
            if seat.member.peer != newcomer.peer:
                seat.tell("peer-joined", told)

    def leave(self, connection: Connection, reason: str) -> None:
        """Take a connection's peer out of its room; nothing happens when it is in none."""
        seat = connection.seat
        if seat is None:
            return
        connection.vacate(None)
        seat.outlet = None
        self.depart(seat, reason)

    def lose(self, connection: Connection) -> None:
        """A connection's peer keeps its seat for the grace time; nothing happens without one."""
        if (seat := connection.seat) is not None:
            connection.vacate(None)
            self._lose(seat)

    def _lose(self, seat: Seat) -> None:
        seat.outlet = None
        self.away[seat] = self._hub.now() + self._hub.settings.grace_seconds
        self._hub.run(self._hub.directory.lose(seat))

    def depart(self, seat: Seat, reason: str) -> None:
        """A seat is given up for good: here at once, elsewhere as soon as the directory says so."""
        self.away.pop(seat, None)
        if self.views.find(seat.member.peer) is seat:
            self.drop(seat.member, reason)
        self._hub.run(self._leave_directory(seat.member, reason))

    async def _leave_directory(self, member: Member, reason: str) -> None:
        try:
            await self._hub.directory.leave(member, reason)
        except Refused:
            self._hub.log.warning("leave not recorded", extra={"peer": member.peer})

    def drop(self, member: Member, reason: str) -> None:
        """Forget a member and tell those who are here."""
        view = self.views.get(member.room)
        others = view.seats() if view is not None else []
        target = self.views.remove(member)
        if target is None:
            return
        self._hub.metrics.left(reason)
        self._hub.log.info(
            "left", extra={"room": member.room, "peer": member.peer, "reason": reason}
        )
        if isinstance(target, Seat):
            self.away.pop(target, None)
            if target.outlet is not None:
                target.outlet.vacate(reason)
                target.outlet = None
        for seat in others:
            if seat is not target:
                seat.tell("peer-left", {"peer": member.peer, "reason": reason})

    def close_room(self, view: RoomView, reason: str) -> None:
        seats = view.seats()
        for seat in seats:
            if seat.outlet is not None:
                seat.outlet.vacate(reason)
                seat.outlet = None
        for seat in seats:
            self.depart(seat, reason)

    def remote_joined(self, member: Member) -> None:
        """A member of a room we have is on another node; told again, it changes nothing."""
        view = self.views.get(member.room)
        if view is None:
            return
        known = view.targets.get(member.peer.encode())
        if isinstance(known, Seat):
            return
        self.views.place(view, self._hub.directory.target(member))
        if known is None:
            self._announce(view, member)

    def remote_moved(self, member: Member) -> Seat | None:
        """A peer resumed on another node; its seat here, if it was here, is given up and
        answered.
        """
        view = self.views.get(member.room)
        if view is None:
            return None
        seat = view.targets.get(member.peer.encode())
        if not isinstance(seat, Seat):
            self.views.place(view, self._hub.directory.target(member))
            return None
        self.away.pop(seat, None)
        if isinstance(seat.outlet, Connection):
            seat.outlet.vacate(None)
            seat.outlet.shut(TRY_LATER)
            seat.outlet = None
        self.views.remove(seat.member)
        if view.targets:
            self.views.place(view, self._hub.directory.target(member))
        return seat
