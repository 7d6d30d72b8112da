"""Leases and repair: every third of its lease a node says that it lives, and compares the rooms it
has with what Redis knows. That mends whatever a lost message or a restart left.
"""

import asyncio
import math
import time
from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING

from signaling_server.crossings import Crossings, RemotePeer
from signaling_server.handovers import HandOvers
from signaling_server.records import from_json, to_json
from signaling_server.rooms import Member
from signaling_server.seats import Seat
from signaling_server.store import FAULTS, Store
from signaling_server.views import RoomView

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class Repair:
    """Keeps what Redis says about this node's rooms true. `joining`: rooms that change just now."""

    def __init__(
        self,
        hub: "Hub",
        store: Store,
        crossings: Crossings,
        handovers: HandOvers,
        joining: Container[str],
    ) -> None:
        self._hub = hub
        self._store = store
        self._crossings = crossings
        self._handovers = handovers
        self._joining = joining
        self._sure_at = math.inf
        self._leaving: list[tuple[Member, str]] = []

    def leave_later(self, member: Member, reason: str) -> None:
        """Redis could not be told that a member has left; it will be."""
        self._leaving.append((member, reason))

    async def renew_forever(self) -> None:
        while not self._hub.closing:
            await asyncio.sleep(self._hub.settings.lease_seconds / 3)
            if not self._store.up:
                continue
            try:
                await self._renew()
            except FAULTS:
                self._store.down()

    async def _renew(self) -> None:
        await self._store.renew_lease()
        if await self._store.read_epoch() != self._store.epoch:
            await self._remember()
        while self._leaving:
            member, reason = self._leaving[0]
            await self._store.decide("LEAVE", member.room, member.peer, reason)
            self._leaving.pop(0)
        for view in self._hub.places.views:
            if len(view.targets) > len(view.seats()):
                await self._look(view)

    async def recover(self) -> None:
        """Redis is there (again): write down what it may have forgotten before anything is
        decided.
        """
        await self._store.renew_lease()
        await self._remember()
        self._store.up = True
        self._crossings.flush_soon()
        self._hub.log.info("redis ready", extra={"node": self._store.node})

    async def _remember(self) -> None:
        self._sure_at = math.inf
        await self._store.begin_epoch()
        for view in self._hub.places.views:
            await self._look(view)
        # Redis may have forgotten everything, and the other nodes write their part as we did ours:
        # until they have had the time, nobody is gone because Redis does not know them.
        self._sure_at = time.monotonic() + self._hub.settings.lease_seconds
        self._store.epoch = await self._store.read_epoch()

    async def _look(self, view: RoomView) -> None:
        """Compare a room with what Redis knows, which is written first if it was forgotten."""
        room, here = view.room, self._store.node
        mine = [seat.member for seat in view.seats()]
        listed = "[" + ",".join(to_json(replace(one, node=here)) for one in mine) + "]"
        answer = await self._store.decide("LOOK", room, self._hub.settings.capacity, listed)
        if room in self._joining:
            return  # what was listed may be old by now; the next look will do
        lost = answer.get("lost") or ()
        known = {one["peer"]: from_json(one) for one in answer["members"]}
        for member in mine:
            if member.peer in lost and (elsewhere := known.get(member.peer)) is None:
                self._hub.places.drop(member, "replaced")
            elif member.peer in lost and elsewhere is not None:
                await self._handovers.give(elsewhere)
        if time.monotonic() >= self._sure_at:
            self._drop_ghosts(view, known)
        for member in known.values():
            if member.node != here:
                self._hub.places.remote_joined(member)
            elif not isinstance(self._hub.places.views.find(member.peer), Seat):
                # It left while it was being written down again.
                await self._store.decide("LEAVE", room, member.peer, "left", user=member.user)

    def _drop_ghosts(self, view: RoomView, known: dict[str, Member]) -> None:
        for target in list(view.targets.values()):
            if isinstance(target, RemotePeer) and target.member.peer not in known:
                self._hub.places.drop(target.member, "lost")
                self._crossings.give_back(target.member)
