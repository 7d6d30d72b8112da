"""The directory of many nodes: decisions in Redis, signals between nodes over numbered links.

Each node listens on one channel. A lease in Redis says that it lives; every third of it the node
renews it, compares the rooms it has with what Redis knows, and so repairs whatever a lost message
or a restart left. While Redis is away nothing new is admitted, and calls within one node go on.
"""

import asyncio
import contextlib
import json
import math
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import msgspec
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from signaling_server import link, scripts
from signaling_server.errors import Refused
from signaling_server.link import Confirmed, HandOver, Inbox, Outbox, Signals, Waiting
from signaling_server.rooms import Joined, Left, Member
from signaling_server.seats import Seat, Sender, Target, head_from
from signaling_server.settings import Settings
from signaling_server.views import RoomView

if TYPE_CHECKING:
    from signaling_server.hub import Hub

P = scripts.PREFIX
MOVED = "moved"
RESEND_SECONDS = 0.5
RETRY_SECONDS = 0.02
HAND_OVER_SECONDS = 1.0
_FAULTS = (RedisError, OSError, TimeoutError)


class RemotePeer:
    """A member on another node."""

    __slots__ = ("_directory", "member")

    def __init__(self, member: Member, directory: "RedisDirectory") -> None:
        self.member = member
        self._directory = directory

    def deliver(self, head: bytes, tail: bytes, sender: Sender, ack: bytes) -> None:
        """Accepted when the other node says so."""
        by = _peer_of(head)
        signal = Waiting(self.member.peer, by, tail, sender, ack, time.monotonic())
        self._directory.send(self.member.node, signal)


class _Verdict:
    """Collects what a seat says to one signal from another node."""

    __slots__ = ("code",)

    def __init__(self) -> None:
        self.code: str | None = None

    def accepted(self, ack: bytes) -> None:
        return

    def refused(self, ack: bytes, why: Refused) -> None:
        self.code = why.code


class RedisDirectory:
    """One node's side of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A node that comes back under its old name is another node: its numbers start anew.
        self.node = f"{settings.node}-{secrets.token_hex(3)}"
        self._redis = redis.asyncio.Redis.from_url(
            settings.redis_url,
            socket_timeout=2,
            socket_connect_timeout=2,
            health_check_interval=0,
            retry=Retry(NoBackoff(), 0),
        )
        self._scripts = {
            name: self._redis.register_script(getattr(scripts, name))
            for name in ("JOIN", "LEAVE", "AWAY", "LOOK")
        }
        self._hub: Hub | None = None
        self._up = False
        self._epoch = b""
        self._sure_at = math.inf
        self._outboxes: dict[str, Outbox] = {}
        self._inboxes: dict[str, Inbox] = {}
        self._flush_wanted = asyncio.Event()
        self._handed: dict[str, asyncio.Future[HandOver]] = {}
        # Rooms in which a join is being decided here: what happens there meanwhile waits for it.
        self._joining: dict[str, int] = {}
        self._meanwhile: dict[str, list[dict[str, Any]]] = {}
        self._leaving: list[tuple[Member, str]] = []
        self._closing = False

    # Directory.

    async def start(self, hub: "Hub") -> None:
        self._hub = hub
        for work in (self._listen_forever(), self._renew_forever(), self._flush_forever()):
            hub.run(work)

    async def close(self) -> None:
        """Leave the seats that are still here where another node finds them, and say goodbye."""
        self._closing = True
        grace = int(self.hub.settings.grace_seconds * 1000)
        with contextlib.suppress(*_FAULTS):
            for seat in self.hub.views.seats():
                state = link.encode(HandOver(seat.member.peer, seat.seq, list(seat.kept)))
                await self._redis.set(f"{P}seat:{seat.member.peer}", state, px=grace)
                await self._run("AWAY", seat.member.room, seat.member.peer, grace)
            await self._redis.delete(f"{P}node:{self.node}")
        await self._redis.aclose()

    def ready(self) -> bool:
        return self._up

    def target(self, member: Member) -> Target:
        return RemotePeer(member, self)

    async def join(self, newcomer: Member, resume: tuple[str, str] | None) -> Joined:
        if not self._up:
            raise Refused("unavailable")
        room = newcomer.room
        self._joining[room] = self._joining.get(room, 0) + 1
        # The other node may hand the seat over before Redis' answer is read here.
        handed: asyncio.Future[HandOver] = asyncio.get_running_loop().create_future()
        if resume is not None:
            self._handed[resume[0]] = handed
        try:
            answer = await self._run(
                "JOIN",
                room,
                _to_json(newcomer),
                self._epoch,
                self._settings.capacity,
                self._settings.rooms_per_user,
                *(resume or ("", "")),
                user=newcomer.user,
            )
            if (code := answer.get("code")) is not None:
                raise Refused(code)
            member = _member(answer["member"])
            others = [_member(one) for one in answer["members"] if one["peer"] != member.peer]
            joined = Joined(
                member,
                tuple(sorted(others, key=lambda one: one.order)),
                _member(answer["replaced"]) if answer.get("replaced") else None,
                bool(answer["resumed"]),
            )
            before = answer.get("before")
            if joined.resumed and before != self.node:
                joined = await self._fetch_seat(joined, handed if answer.get("alive") else None)
                # What that node took it has confirmed before it handed the seat over.
                asyncio.get_running_loop().call_soon(self._gone_from, member)
            return joined
        except _FAULTS as exc:
            self._down()
            raise Refused("unavailable") from exc
        finally:
            if resume is not None and self._handed.get(resume[0]) is handed:
                del self._handed[resume[0]]
            self._joining[room] -= 1
            if not self._joining[room]:
                del self._joining[room]
                # After the hub has taken the seat, which it does in the same step.
                asyncio.get_running_loop().call_soon(self._catch_up, room)

    def _gone_from(self, member: Member) -> None:
        """Send what still waits for a peer's former node to where it is now."""
        self._send_anew(self._take_for(member))

    async def leave(self, member: Member, reason: str) -> Left | None:
        try:
            await self._run("LEAVE", member.room, member.peer, reason)
        except _FAULTS:
            self._leaving.append((member, reason))
            self._down()
        return None

    async def lose(self, seat: Seat) -> None:
        """Nothing to tell: this node answers for the seat, and its lease for the node."""

    # Signals.

    def send(self, node: str, signal: Waiting) -> None:
        outbox = self._outboxes.get(node)
        if outbox is None:
            outbox = self._outboxes[node] = Outbox(node)
        try:
            outbox.put(signal)
        except Refused as why:
            signal.sender.refused(signal.ack, why)
            return
        self._flush_wanted.set()

    def _send_anew(self, signals: Iterable[Waiting]) -> None:
        """Signals whose peer has moved, or is here by now, or is gone."""
        for signal in signals:
            target = self.hub.views.find(signal.to)
            if target is None:
                signal.sender.refused(signal.ack, Refused("unknown_peer"))
            elif isinstance(target, RemotePeer):
                # The peer may still be on its way to where it is said to be.
                asyncio.get_running_loop().call_later(
                    RETRY_SECONDS, self.send, target.member.node, signal
                )
            else:
                target.deliver(head_from(signal.by), signal.tail, signal.sender, signal.ack)

    async def _flush_forever(self) -> None:
        """One publish per node for all that has gathered, and again for what is not confirmed."""
        while True:
            # Not wait_for: on Python 3.11 that may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESEND_SECONDS):
                    await self._flush_wanted.wait()
            self._flush_wanted.clear()
            now = time.monotonic()
            for outbox in list(self._outboxes.values()):
                patience = self._settings.lease_seconds + 5
                for signal in outbox.give_up(now - patience):
                    signal.sender.refused(signal.ack, Refused("unavailable"))
                oldest = outbox.oldest()
                again = oldest is not None and now - oldest > RESEND_SECONDS
                if self._up and (batch := outbox.batch(self.node, again=again)) is not None:
                    await self._publish(outbox.node, link.encode(batch))
                elif not len(outbox) and outbox.node not in self._alive_nodes():
                    del self._outboxes[outbox.node]

    def _alive_nodes(self) -> set[str]:
        targets = (one for view in self.hub.views for one in view.targets.values())
        return {one.member.node for one in targets if isinstance(one, RemotePeer)}

    async def _publish(self, node: str, data: bytes) -> None:
        try:
            await self._redis.publish(f"{P}to:{node}", data)
        except _FAULTS:
            self._down()

    def _receive(self, message: Signals) -> Confirmed | None:
        if self._closing:
            return None  # unconfirmed, they go where their peer goes
        inbox = self._inboxes.setdefault(message.node, Inbox())
        refused: list[tuple[int, str]] = []
        for number, signal in inbox.fresh(message):
            if signal[0] and (code := self._take(message.node, number, signal)) is not None:
                refused.append((number, code))
        return Confirmed(self.node, inbox.upto, refused)

    def _take(self, node: str, number: int, signal: tuple[str, str, bytes]) -> str | None:
        to, by, tail = signal
        target = self.hub.views.find(to)
        if not isinstance(target, Seat):
            return MOVED
        verdict = _Verdict()
        target.deliver(head_from(by), tail, verdict, b"")
        return verdict.code

    # Listening.

    async def _listen_forever(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(f"{P}to:{self.node}")
                    await self._recover()
                    await self._listen(pubsub)
            except _FAULTS as exc:
                self._down()
                self.hub.log.warning("redis away", extra={"reason": type(exc).__name__})
                await asyncio.sleep(0.2)

    async def _listen(self, pubsub: Any) -> None:
        quiet = 0.0
        while self._up:
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
                self.hub.log.exception("unreadable message on the channel")

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
            confirmed = self._receive(message)
            if confirmed is not None:
                await self._publish(message.node, link.encode(confirmed))
        elif isinstance(message, Confirmed):
            outbox = self._outboxes.get(message.node)
            if outbox is not None:
                if (oldest := outbox.oldest()) is not None:
                    self.hub.metrics.crossings.observe(time.monotonic() - oldest)
                self._send_anew(outbox.confirm(message.upto, dict(message.refused), moved=MOVED))
        elif (waiting := self._handed.get(message.peer)) is not None and not waiting.done():
            waiting.set_result(message)

    async def _apply(self, event: dict[str, Any]) -> None:
        """A room changed on another node."""
        member = _member(event["member"])
        kind = event["k"]
        if kind == "left":
            self.hub.drop(member, event["reason"])
            self._send_anew(self._take_for(member))
        elif kind == "joined":
            self.hub.remote_joined(member)
        elif kind == "moved":
            await self._hand_over(member)
            # A node that lives says itself what it has not taken; sent again at once, a signal
            # whose confirmation is on its way would arrive twice.
            wait = RESEND_SECONDS if event.get("alive") else 0
            asyncio.get_running_loop().call_later(wait, self._gone_from, member)

    async def _hand_over(self, member: Member) -> None:
        """A peer is on another node now; if its seat was here, that node gets what it kept."""
        seat = self.hub.remote_moved(member)
        if seat is not None:
            state = HandOver(member.peer, seat.seq, list(seat.kept))
            await self._publish(member.node, link.encode(state))

    def _take_for(self, member: Member) -> list[Waiting]:
        found = []
        for outbox in self._outboxes.values():
            if outbox.node != member.node:
                found += outbox.take_for(member.peer)
        return found

    def _catch_up(self, room: str) -> None:
        for event in self._meanwhile.pop(room, ()):
            self.hub.run(self._apply(event))

    async def _fetch_seat(self, joined: Joined, handed: asyncio.Future[HandOver] | None) -> Joined:
        """The numbering and kept signals of a peer that comes from another node."""
        peer = joined.member.peer
        state: HandOver | None = None
        if handed is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HAND_OVER_SECONDS):
                    state = await handed
        if state is None:
            stored: Any = await self._redis.getdel(f"{P}seat:{peer}")
            if stored:
                found = link.decode(stored)
                state = found if isinstance(found, HandOver) else None
        if state is None:
            return joined
        return replace(joined, seq=state.seq, kept=tuple(state.kept))

    # Leases and repair.

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            if not self._up:
                continue
            try:
                await self._renew()
            except _FAULTS:
                self._down()

    async def _renew(self) -> None:
        await self._redis.set(
            f"{P}node:{self.node}", b"1", px=int(self._settings.lease_seconds * 1000)
        )
        if await self._redis.get(f"{P}epoch") != self._epoch:
            await self._remember()
        while self._leaving:
            member, reason = self._leaving[0]
            await self._run("LEAVE", member.room, member.peer, reason)
            self._leaving.pop(0)
        for view in self.hub.views:
            if len(view.targets) > len(view.seats()):
                await self._look(view)

    async def _recover(self) -> None:
        """Redis is there (again): write down what it may have forgotten before anything is
        decided.
        """
        await self._redis.set(
            f"{P}node:{self.node}", b"1", px=int(self._settings.lease_seconds * 1000)
        )
        await self._remember()
        self._up = True
        self._flush_wanted.set()
        self.hub.log.info("redis ready", extra={"node": self.node})

    async def _remember(self) -> None:
        self._sure_at = math.inf
        await self._redis.set(f"{P}epoch", secrets.token_hex(8), nx=True)
        for view in self.hub.views:
            await self._look(view)
        # Redis may have forgotten everything, and the other nodes write their part as we did ours:
        # until they have had the time, nobody is gone because Redis does not know them.
        self._sure_at = time.monotonic() + self._settings.lease_seconds
        epoch: Any = await self._redis.get(f"{P}epoch")
        self._epoch = epoch or b""

    async def _look(self, view: RoomView) -> None:
        """Compare a room with what Redis knows, which is written first if it was forgotten."""
        room = view.room
        mine = [seat.member for seat in view.seats()]
        listed = "[" + ",".join(_to_json(replace(one, node=self.node)) for one in mine) + "]"
        answer = await self._run("LOOK", room, self._settings.capacity, listed)
        if room in self._joining:
            return  # what was listed may be old by now; the next look will do
        lost = answer.get("lost") or ()
        known = {one["peer"]: _member(one) for one in answer["members"] or ()}
        for member in mine:
            if member.peer in lost and (elsewhere := known.get(member.peer)) is None:
                self.hub.drop(member, "replaced")
            elif member.peer in lost and elsewhere is not None:
                await self._hand_over(elsewhere)
        sure = time.monotonic() >= self._sure_at
        for target in list(view.targets.values()):
            if sure and isinstance(target, RemotePeer) and target.member.peer not in known:
                self.hub.drop(target.member, "lost")
                self._send_anew(self._take_for(replace(target.member, node="")))
        for member in known.values():
            if member.node != self.node:
                self.hub.remote_joined(member)
            elif not isinstance(self.hub.views.find(member.peer), Seat):
                # It left while it was being written down again.
                await self._run("LEAVE", room, member.peer, "left", user=member.user)

    def _down(self) -> None:
        self._up = False

    @property
    def hub(self) -> "Hub":
        assert self._hub is not None
        return self._hub

    async def _run(
        self, name: str, room: str, *arguments: str | int | bytes, user: str = ""
    ) -> dict[str, Any]:
        keys = [f"{P}room:{room}", f"{P}user:{user}"]
        said = await self._scripts[name](keys=keys, args=[self.node, *arguments])
        answer: dict[str, Any] = json.loads(said)
        if not answer.get("members"):
            answer["members"] = []  # Lua has one empty table for lists and objects
        return answer


def _to_json(member: Member) -> str:
    fields = asdict(member)
    del fields["away"]
    return json.dumps(fields)


def _member(fields: dict[str, Any]) -> Member:
    def text(name: str) -> str:
        return str(fields[name])

    return Member(
        room=text("room"),
        peer=text("peer"),
        user=text("user"),
        name=text("name"),
        role=text("role"),
        secret=text("secret"),
        node=text("node"),
        order=int(fields["order"]),
    )


def _peer_of(head: bytes) -> str:
    return head.split(b'"', 6)[5].decode()
