"""A seat's way from node to node: its numbering and what it keeps go with the peer.

The node a peer has left publishes them as soon as it hears of the move; a node that went in order
has left them in Redis.
"""

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from signaling_server import link
from signaling_server.link import HandOver
from signaling_server.rooms import Joined, Member
from signaling_server.store import Store

if TYPE_CHECKING:
    from signaling_server.hub import Hub

# How long a join waits for a former node that is there, but slow.
HAND_OVER_SECONDS = 5.0

Handed = asyncio.Future[HandOver]


class HandOvers:
    """Seats that come and go."""

    def __init__(self, hub: "Hub", store: Store) -> None:
        self._hub = hub
        self._store = store
        self._expected: dict[str, Handed] = {}

    def expect(self, peer: str) -> Handed:
        """To be called before it is decided that the peer comes: the seat may be here before the
        decision is.
        """
        handed: Handed = asyncio.get_running_loop().create_future()
        self._expected[peer] = handed
        return handed

    def expect_no_more(self, peer: str, handed: Handed) -> None:
        if self._expected.get(peer) is handed:
            del self._expected[peer]

    def arrived(self, message: HandOver) -> None:
        waiting = self._expected.get(message.peer)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    async def fetch(self, joined: Joined, handed: Handed | None) -> Joined:
        """The join with the seat's state, as far as it is to be had; None is not waited for."""
        state: HandOver | None = None
        if handed is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HAND_OVER_SECONDS):
                    state = await handed
        if state is None:
            state = await self._store.take_seat(joined.member.peer)
        if state is None:
            return joined
        return replace(joined, seq=state.seq, kept=tuple(state.kept))

    async def give(self, member: Member) -> None:
        """A peer is on another node now; if its seat was here, that node gets what it kept."""
        seat = self._hub.places.remote_moved(member)
        if seat is not None:
            state = HandOver(member.peer, seat.seq, list(seat.kept))
            await self._store.publish(member.node, link.encode(state))

    async def leave_all(self) -> None:
        """Put the seats that are still here where another node finds them."""
        grace = int(self._hub.settings.grace_seconds * 1000)
        for seat in self._hub.places.views.seats():
            member = seat.member
            await self._store.keep_seat(HandOver(member.peer, seat.seq, list(seat.kept)), grace)
            await self._store.decide("AWAY", member.room, member.peer, grace)
