"""Signals between this node and others: sent over numbered links, taken, and sent on to where a
peer went.

A signal is accepted when the other node has said so. When its peer moves meanwhile, nobody guesses
by the time: the former node says of each signal whether it took it, and only once that node is gone
is the rest sent on, behind everything it has said.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from signaling_server import link
from signaling_server.errors import Refused
from signaling_server.link import Confirmed, Inbox, Outbox, Signals, Waiting
from signaling_server.records import to_json
from signaling_server.rooms import Member
from signaling_server.seats import Seat, Sender, head_from
from signaling_server.store import FAULTS, Store

if TYPE_CHECKING:
    from signaling_server.hub import Hub

MOVED = "moved"
RESEND_SECONDS = 0.5
RETRY_SECONDS = 0.02
PATIENCE_SECONDS = 5.0  # beyond the lease, within which a peer of a dead node is found lost


class RemotePeer:
    """A member on another node."""

    __slots__ = ("_crossings", "member")

    def __init__(self, member: Member, crossings: "Crossings") -> None:
        self.member = member
        self._crossings = crossings

    def deliver(self, head: bytes, tail: bytes, sender: Sender, ack: bytes) -> None:
        """Accepted when the other node says so."""
        by = head.split(b'"', 6)[5].decode()
        signal = Waiting(self.member.peer, by, tail, sender, ack, time.monotonic())
        self._crossings.send(self.member.node, signal)


class _Verdict:
    """Collects what a seat says to one signal from another node."""

    __slots__ = ("code",)

    def __init__(self) -> None:
        self.code: str | None = None

    def accepted(self, ack: bytes) -> None:
        return

    def refused(self, ack: bytes, why: Refused) -> None:
        self.code = why.code


class Crossings:
    """What waits for other nodes, and what came from them."""

    def __init__(self, hub: "Hub", store: Store) -> None:
        self._hub = hub
        self._store = store
        self._outboxes: dict[str, Outbox] = {}
        self._inboxes: dict[str, Inbox] = {}
        self._flush_wanted = asyncio.Event()
        self.closing = False

    def flush_soon(self) -> None:
        self._flush_wanted.set()

    async def flush_forever(self) -> None:
        """One publish per node for all that has gathered, and again for what is not confirmed."""
        while not self._hub.closing:
            # Not wait_for: on Python 3.11 that may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESEND_SECONDS):
                    await self._flush_wanted.wait()
            self._flush_wanted.clear()
            now = time.monotonic()
            patience = self._hub.settings.lease_seconds + PATIENCE_SECONDS
            for outbox in list(self._outboxes.values()):
                for signal in outbox.give_up(now - patience):
                    signal.sender.refused(signal.ack, Refused("unavailable"))
                oldest = outbox.oldest()
                again = oldest is not None and now - oldest > RESEND_SECONDS
                batch = outbox.batch(self._store.node, again=again) if self._store.up else None
                if batch is not None:
                    await self._store.publish(outbox.node, link.encode(batch))
                elif not len(outbox) and outbox.node not in self._nodes_of_peers():
                    del self._outboxes[outbox.node]

    def _nodes_of_peers(self) -> set[str]:
        targets = (one for view in self._hub.places.views for one in view.targets.values())
        return {one.member.node for one in targets if isinstance(one, RemotePeer)}

    # Out.

    def send(self, node: str, signal: Waiting) -> None:
        outbox = self._outboxes.get(node)
        if outbox is None:
            # The other node remembers the numbers of an outbox that was given up when it was
            # empty: those of a new one must be above them.
            first = time.monotonic_ns() // 1000
            outbox = self._outboxes[node] = Outbox(node, first)
        try:
            outbox.put(signal)
        except Refused as why:
            signal.sender.refused(signal.ack, why)
            return
        self._flush_wanted.set()

    def confirmed(self, message: Confirmed) -> None:
        """Another node has decided about signals."""
        outbox = self._outboxes.get(message.node)
        if outbox is None:
            return
        if (oldest := outbox.oldest()) is not None:
            self._hub.metrics.crossings.observe(time.monotonic() - oldest)
        self._send_anew(outbox.confirm(message.upto, dict(message.refused), moved=MOVED))

    def moved(self, member: Member, former: str, *, alive: bool) -> None:
        """A peer has left the node `former` for where it is now."""
        if alive:
            self._hub.run(self._follow(member, former))
        else:
            self.send_on(member)

    def send_on(self, member: Member) -> None:
        """Send what waits for a peer anywhere but where it is now to where it is now."""
        for outbox in list(self._outboxes.values()):
            if outbox.node != member.node:
                self._send_anew(outbox.take_for(member.peer))

    def give_back(self, member: Member) -> None:
        """A peer is gone for good: everything that waits for it is refused."""
        self.send_on(replace(member, node=""))

    async def send_on_behind(self, member: Member) -> None:
        """`send_on`, when everything that was said on our channel until now has been heard."""
        event = {"k": "gone", "room": member.room, "member": json.loads(to_json(member))}
        await self._store.publish(self._store.node, json.dumps(event).encode())

    async def _follow(self, member: Member, former: str) -> None:
        while not self._hub.closing:
            outbox = self._outboxes.get(former)
            if outbox is None or not outbox.waits_for(member.peer):
                return
            await asyncio.sleep(RESEND_SECONDS)
            try:
                lives = await self._store.lives(former)
            except FAULTS:
                self._store.down()
                continue
            if not lives:
                await self.send_on_behind(member)
                return

    def _send_anew(self, signals: Iterable[Waiting]) -> None:
        """Signals whose peer has moved, or is here by now, or is gone."""
        for signal in signals:
            target = self._hub.places.views.find(signal.to)
            if target is None:
                signal.sender.refused(signal.ack, Refused("unknown_peer"))
            elif isinstance(target, RemotePeer):
                # The peer may still be on its way to where it is said to be.
                asyncio.get_running_loop().call_later(
                    RETRY_SECONDS, self.send, target.member.node, signal
                )
            else:
                target.deliver(head_from(signal.by), signal.tail, signal.sender, signal.ack)

    # In.

    def receive(self, message: Signals) -> Confirmed | None:
        """Take signals from another node; answers what to tell it."""
        if self.closing:
            return None  # unconfirmed, they go where their peer goes
        inbox = self._inboxes.setdefault(message.node, Inbox())
        for number, signal in inbox.fresh(message):
            if signal[0] and (code := self._take(signal)) is not None:
                inbox.refuse(number, code)
        return Confirmed(self._store.node, inbox.upto, inbox.refused())

    def _take(self, signal: tuple[str, str, bytes]) -> str | None:
        to, by, tail = signal
        target = self._hub.places.views.find(to)
        if not isinstance(target, Seat):
            return MOVED
        verdict = _Verdict()
        target.deliver(head_from(by), tail, verdict, b"")
        return verdict.code
