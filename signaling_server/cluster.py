"""The directory of many nodes: decisions in Redis, one channel on which each node listens.

While Redis is away nothing new is admitted, and calls within one node go on.
"""

import asyncio
import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from signaling_server import link
from signaling_server.crossings import Crossings, RemotePeer
from signaling_server.errors import Refused
from signaling_server.handovers import Handed, HandOvers
from signaling_server.link import Confirmed, Signals
from signaling_server.records import from_json, to_json
from signaling_server.repair import Repair
from signaling_server.rooms import Joined, Left, Member
from signaling_server.seats import Seat, Target
from signaling_server.settings import Settings
from signaling_server.store import FAULTS, Store

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class RedisDirectory:
    """One node's side of it. `start` makes the parts that need the hub."""

    _hub: "Hub"
    _crossings: Crossings
    _handovers: HandOvers
    _repair: Repair

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A node that comes back under its old name is another node: its numbers start anew.
        self.node = f"{settings.node}-{secrets.token_hex(3)}"
        self._store = Store(settings, self.node)
        # Rooms in which a join is being decided here: what happens there meanwhile waits for it.
        self._joining: dict[str, int] = {}
        self._meanwhile: dict[str, list[dict[str, Any]]] = {}

    async def start(self, hub: "Hub") -> None:
        self._hub = hub
        self._crossings = Crossings(hub, self._store)
        self._handovers = HandOvers(hub, self._store)
        self._repair = Repair(hub, self._store, self._crossings, self._handovers, self._joining)
        hub.run(self._listen_forever())
        hub.run(self._repair.renew_forever())
        hub.run(self._crossings.flush_forever())

    async def close(self) -> None:
        """Leave the seats that are still here where another node finds them, and say goodbye."""
        self._crossings.closing = True
        with contextlib.suppress(*FAULTS):
            await self._handovers.leave_all()
            await self._store.end_lease()
        await self._store.close()

    def ready(self) -> bool:
        return self._store.up

    def target(self, member: Member) -> Target:
        return RemotePeer(member, self._crossings)

    # Decisions.

    async def join(self, newcomer: Member, resume: tuple[str, str] | None) -> Joined:
        if not self._store.up:
            raise Refused("unavailable")
        room = newcomer.room
        self._joining[room] = self._joining.get(room, 0) + 1
        handed = self._handovers.expect(resume[0]) if resume is not None else None
        try:
            return await self._decide_join(newcomer, resume, handed)
        except FAULTS as exc:
            self._store.down()
            raise Refused("unavailable") from exc
        finally:
            if resume is not None and handed is not None:
                self._handovers.expect_no_more(resume[0], handed)
            self._joining[room] -= 1
            if not self._joining[room]:
                del self._joining[room]
                # After the hub has taken the seat, which it does in the same step.
                asyncio.get_running_loop().call_soon(self._catch_up, room)

    async def _decide_join(
        self, newcomer: Member, resume: tuple[str, str] | None, handed: Handed | None
    ) -> Joined:
        answer = await self._store.decide(
            "JOIN",
            newcomer.room,
            to_json(newcomer),
            self._store.epoch,
            self._settings.capacity,
            self._settings.rooms_per_user,
            *(resume or ("", "")),
            user=newcomer.user,
        )
        if (code := answer.get("code")) is not None:
            raise Refused(code)
        member = from_json(answer["member"])
        others = [from_json(one) for one in answer["members"] if one["peer"] != member.peer]
        joined = Joined(
            member,
            tuple(sorted(others, key=lambda one: one.order)),
            from_json(answer["replaced"]) if answer.get("replaced") else None,
            bool(answer["resumed"]),
        )
        before = str(answer.get("before"))
        if not joined.resumed or before == self.node:
            return joined
        alive = bool(answer.get("alive"))
        joined = await self._handovers.fetch(joined, handed if alive else None)
        if handed is not None and handed.done():
            # What that node took it has confirmed before it handed the seat over.
            asyncio.get_running_loop().call_soon(self._crossings.send_on, member)
        elif alive:
            self._crossings.moved(member, before, alive=True)
        else:
            self._hub.run(self._crossings.send_on_behind(member))
        return joined

    async def leave(self, member: Member, reason: str) -> Left | None:
        try:
            await self._store.decide("LEAVE", member.room, member.peer, reason)
        except FAULTS:
            self._repair.leave_later(member, reason)
            self._store.down()
        return None

    async def lose(self, seat: Seat) -> None:
        """Nothing to tell: this node answers for the seat, and its lease for the node."""

    # Listening.

    async def _listen_forever(self) -> None:
        while not self._hub.closing:
            try:
                async with self._store.listen() as pubsub:
                    await pubsub.subscribe(self._store.channel)
                    await self._repair.recover()
                    await self._listen(pubsub)
            except FAULTS as exc:
                self._store.down()
                self._hub.log.warning("redis away", extra={"reason": type(exc).__name__})
                await asyncio.sleep(0.2)

    async def _listen(self, pubsub: Any) -> None:
        quiet = 0.0
        while self._store.up and not self._hub.closing:
            message = await pubsub.get_message(timeout=1.0)
            if message is None:
                quiet += 1
                if quiet >= 5:
                    await pubsub.ping()
                    quiet = 0
                continue
            quiet = 0
            if message["type"] != "message":
                continue  # the answer to a ping
            try:
                await self._hear(message["data"])
            except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
                self._hub.log.exception("unreadable message on the channel")

    async def _hear(self, data: bytes) -> None:
        if data.startswith(b"{"):
            event = json.loads(data)
            if event["room"] in self._joining:
                self._meanwhile.setdefault(event["room"], []).append(event)
            else:
                await self._apply(event)
            return
        message = link.decode(data)
        if isinstance(message, Signals):
            confirmed = self._crossings.receive(message)
            if confirmed is not None:
                await self._store.publish(message.node, link.encode(confirmed))
        elif isinstance(message, Confirmed):
            self._crossings.confirmed(message)
        else:
            self._handovers.arrived(message)

    async def _apply(self, event: dict[str, Any]) -> None:
        """A room changed on another node."""
        member = from_json(event["member"])
        kind = event["k"]
        if kind == "left":
            self._hub.places.drop(member, event["reason"])
            self._crossings.send_on(member)
        elif kind == "joined":
            self._hub.places.remote_joined(member)
        elif kind == "moved":
            await self._handovers.give(member)
            self._crossings.moved(member, event.get("also", ""), alive=bool(event.get("alive")))
        elif kind == "gone":
            self._crossings.send_on(member)

    def _catch_up(self, room: str) -> None:
        for event in self._meanwhile.pop(room, ()):
            self._hub.run(self._apply(event))
