"""Time passing: deadlines of sockets, of seats that are away, of rooms."""

import asyncio
from typing import TYPE_CHECKING

from signaling_server.access import Access
from signaling_server.connection import Connection, State
from signaling_server.errors import Refused
from signaling_server.views import RoomView

if TYPE_CHECKING:
    from signaling_server.hub import Hub

TICK_SECONDS = 0.25
SWEEP_SECONDS = 60.0  # longer than a ping and its answer


class Watch:
    """Looks at everything every quarter of a second: no timer per socket."""

    def __init__(self, hub: "Hub", access: Access) -> None:
        self._hub = hub
        self._access = access
        self._sweep_at = hub.now() + SWEEP_SECONDS

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick()

    def tick(self) -> None:
        """Let deadlines pass: of connections, of seats whose client is away, of rooms."""
        now, wall = self._hub.now(), self._hub.wall()
        for connection in list(self._hub.door.inside):
            if connection.state is not State.CLOSED:
                connection.tick(now, wall)
        for seat in [seat for seat, deadline in self._hub.places.away.items() if now >= deadline]:
            self._hub.places.depart(seat, "lost")
        for view in self._hub.places.views:
            if wall >= view.closes_at:
                self._hub.places.close_room(view, "session_over")
            elif now >= view.check_at and not view.checking:
                view.checking = True
                self._hub.run(self._recheck(view))
        if now >= self._sweep_at:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_SECONDS
        self._hub.door.forget_idle()
        self._hub.joins.forget_idle()
        for seat in self._hub.places.views.seats():
            seat.sweep()

    async def _recheck(self, view: RoomView) -> None:
        """Ask the database about a room again, as each person in it."""
        try:
            for seat in view.seats():
                if not isinstance(seat.outlet, Connection) or seat.outlet.caller is None:
                    continue
                try:
                    admission = await self._access.ask(seat.outlet.caller, view.room)
                    view.closes_at = admission.closes_at.timestamp()
                except Refused as why:
                    if why.code in ("session_over", "unknown_room"):
                        self._hub.places.close_room(view, "session_over")
                        return
                    if why.code == "not_a_participant" and seat.outlet is not None:
                        seat.outlet.vacate(why.code)
                        seat.outlet = None
                        self._hub.places.depart(seat, why.code)
                    # Anything else decides nothing: those inside stay.
        finally:
            view.checking = False
            view.check_at = self._hub.now() + self._hub.settings.recheck_seconds
