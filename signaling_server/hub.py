"""One node: its connections, the rooms as seen from here, and what each event does."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from signaling_server import payloads, wire
from signaling_server.access import Access, Admission
from signaling_server.connection import RESTART, TRY_LATER, Connection, State
from signaling_server.directory import Directory
from signaling_server.errors import Refused
from signaling_server.ice import ice_servers
from signaling_server.limits import Allowances, Counter
from signaling_server.metrics import Metrics
from signaling_server.rooms import Joined, Member
from signaling_server.seats import Seat
from signaling_server.settings import Settings
from signaling_server.tokens import Verifier
from signaling_server.views import RoomView, Views

TICK_SECONDS = 0.25
SWEEP_SECONDS = 60.0  # longer than a ping and its answer
LOOK_SECONDS = 1.0
CLOSE_SECONDS = 2.0
CANCEL_AGAIN_SECONDS = 0.1


class Reply(NamedTuple):
    """The acknowledgement, and frames that follow it."""

    payload: dict[str, Any]
    frames: tuple[bytes, ...] = ()


class Hub:
    """Everything one node knows. `now` is a monotonic clock, `wall` the time of day, in seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        verifier: Verifier,
        access: Access,
        directory: Directory,
        now: Callable[[], float],
        wall: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.settings = settings
        self.now = now
        self.wall = wall
        self.log = log
        self.directory = directory
        self.draining = False
        self.closing = False
        self._ready = False
        self.views = Views()
        self.metrics = Metrics(self._gauges)
        self._verifier = verifier
        self._access = access
        self._connections: set[Connection] = set()
        self._away: dict[Seat, float] = {}
        self._at_address = Counter()
        self._of_user = Counter()
        self._connects = _per_minute(settings.connects_per_minute_address, now)
        self._address_joins = _per_minute(settings.joins_per_minute_address, now)
        self._user_joins = _per_minute(settings.joins_per_minute_user, now)
        self._purses = Allowances(settings.user_message_rate, settings.user_message_burst, now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep_at = now() + SWEEP_SECONDS

    # Life.

    async def start(self) -> None:
        await self.directory.start(self)
        self.run(self._tick_forever())
        self.run(self._look_forever())

    async def drain(self) -> None:
        """Send everybody elsewhere: refuse newcomers, close what is open, keep seats for a
        resume.
        """
        self.draining = True
        deadline = self.now() + self.settings.drain_seconds
        for connection in list(self._connections):
            connection.write(wire.event("draining", {}))
            connection.shut(RESTART)
        # Then until the sockets are closed and, with other nodes, the peers have arrived there.
        while not self._drained() and self.now() < deadline:  # noqa: ASYNC110 - two facts, one wait
            await asyncio.sleep(TICK_SECONDS / 5)

    def _drained(self) -> bool:
        return not self._connections and not (self.settings.redis_url and len(self.views))

    async def close(self) -> None:
        """Stop; what is still open is closed."""
        self.closing = True
        for connection in list(self._connections):
            connection.shut(RESTART)
        deadline = self.now() + CLOSE_SECONDS
        while (tasks := list(self._tasks)) and self.now() < deadline:
            # More than once: a library may take a cancellation for its own time-out.
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_AGAIN_SECONDS)
        await self.directory.close()

    @property
    def ready(self) -> bool:
        """Whether new clients can be served, as of the last look."""
        return self._ready and not self.draining

    async def _look_forever(self) -> None:
        while True:
            self._ready = self.directory.ready() and await self._verifier.ready()
            await asyncio.sleep(LOOK_SECONDS)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else; a fault is logged, the end is waited for in `close`."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.log.error("task failed", exc_info=fault)

    # Connections.

    def refusal(self, origin: str | None) -> tuple[int, str] | None:
        """The HTTP status and code with which a new socket is turned away, or None to let it in."""
        allowed = self.settings.cors_origins
        if self.draining:
            return self._turned_away(503, "draining")
        if origin is not None and "*" not in allowed and origin not in allowed:
            return self._turned_away(403, "unauthorized")
        if len(self._connections) >= self.settings.max_connections:
            return self._turned_away(503, "unavailable")
        return None

    def crowded(self, address: str) -> bool:
        """Whether one address has too many sockets, or opens them too fast."""
        if self._at_address[address] < self.settings.connections_per_address and self._connects.of(
            address
        ).spend(1):
            return False
        self.metrics.refused("rate_limited")
        return True

    def _turned_away(self, status: int, code: str) -> tuple[int, str]:
        self.metrics.refused(code)
        return status, code

    def accept(self, connection: Connection) -> None:
        """Take in a socket that `refusal` had nothing against."""
        self._connections.add(connection)
        self._at_address.add(connection.address)
        connection.start()

    async def admit(self, connection: Connection, body: bytes) -> None:
        """Answer Socket.IO's CONNECT."""
        started = self.now()
        try:
            auth = _auth(body)
            if self.draining:
                raise Refused("draining")
            caller = await self._verifier.verify(auth.token)
        except Refused as why:
            self._refuse_connect(connection, why)
            return
        except Exception:
            self.log.exception("admission failed")
            self._refuse_connect(connection, Refused("unavailable"))
            return
        if connection.state is not State.CHECKING:
            return
        connection.caller = caller
        connection.state = State.ADMITTED
        connection.purse = self._purses.of(caller.user)
        self._of_user.add(caller.user)
        self.metrics.admissions.observe(self.now() - started)
        connection.write(wire.connected(connection.sid))
        self.log.info("connected", extra={"sid": connection.sid, "user": caller.user})

    def _refuse_connect(self, connection: Connection, why: Refused) -> None:
        self.metrics.refused(why.code)
        self.log.info("refused", extra={"sid": connection.sid, "code": why.code})
        connection.write(wire.refused(b"/", why.code, why.answer()["error"]))
        # The client hangs up by itself; `connect_seconds` ends one that does not.

    def forget(self, connection: Connection, *, leaving: bool) -> None:
        """A socket is gone. Its seat is kept for the grace time unless the client was leaving."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._at_address.remove(connection.address)
        if connection.caller is not None:
            self._of_user.remove(connection.caller.user)
        if leaving:
            self.leave(connection, "left")
        else:
            self.lose(connection)

    def expel(self, connection: Connection, reason: str) -> None:
        """End a connection for a reason the client is told."""
        if connection.seat is not None:
            self.leave(connection, reason)
            connection.write(wire.event("room-closed", {"reason": reason}))
        connection.write(wire.disconnected())
        connection.shut(1000)

    # Events.

    async def handle(self, connection: Connection, name: str, payload: msgspec.Struct) -> Reply:
        """Do what one event asks; raises Refused."""
        if isinstance(payload, payloads.Join):
            return await self._join(connection, payload)
        if isinstance(payload, payloads.Token):
            return await self._renew(connection, payload.token)
        if name == "leave":
            self.leave(connection, "left")
            return Reply({})
        return Reply(self._ice(connection))

    async def _join(self, connection: Connection, wanted: payloads.Join) -> Reply:
        caller = connection.caller
        assert caller is not None
        started = self.now()
        if self.draining:
            raise Refused("draining")
        # Before the database is asked: this is what guessing room ids runs into.
        if not self._user_joins.of(caller.user).spend(1):
            raise Refused("rate_limited")
        if not self._address_joins.of(connection.address).spend(1):
            raise Refused("rate_limited")
        admission = await self._access.ask(caller, wanted.room)
        newcomer = Member(
            room=wanted.room,
            peer=secrets.token_urlsafe(12),
            user=caller.user,
            name=admission.name,
            role=admission.role,
            secret=secrets.token_urlsafe(18),
            node=self.directory.node,
        )
        resume = _presence(connection, wanted)
        joined = await self.directory.join(newcomer, resume)
        if connection.state is not State.ADMITTED:
            # Gone while the decision was made: the seat was never taken.
            await self.directory.leave(joined.member, "left")
            return Reply({})
        if connection.seat is not None and connection.seat.member.room != wanted.room:
            self.leave(connection, "left")
        seat = self._take_seat(connection, joined, admission)
        self.metrics.joins.observe(self.now() - started)
        self.log.info(
            "joined",
            extra={"room": wanted.room, "peer": seat.member.peer, "resumed": joined.resumed},
        )
        welcome = self._welcome(connection, joined, admission)
        if not joined.resumed or wanted.resume is None:
            return Reply(welcome)
        frames = seat.since(wanted.resume.seen)
        # More was sent while the peer was away than is kept: it must set up its calls anew.
        return Reply(welcome | {"missed": frames is None}, frames or ())

    def _take_seat(self, connection: Connection, joined: Joined, admission: Admission) -> Seat:
        member = joined.member
        view = self.views.open(member.room)
        view.closes_at = admission.closes_at.timestamp()
        view.check_at = self.now() + self.settings.recheck_seconds
        seat = view.targets.get(member.peer.encode())
        if not isinstance(seat, Seat):
            seat = Seat(
                member,
                kept_signals=self.settings.kept_signals,
                kept_bytes=self.settings.kept_bytes,
            )
            if joined.resumed:
                seat.take_over(joined.seq, joined.kept)
            self.views.place(view, seat)
        seat.member = member
        self._away.pop(seat, None)
        if joined.replaced is not None:
            self.drop(joined.replaced, "replaced")
        former = seat.outlet
        if isinstance(former, Connection) and former is not connection:
            former.vacate(None)
            former.shut(TRY_LATER)
        for other in joined.others:
            if other.peer.encode() not in view.targets:
                self.views.place(view, self.directory.target(other))
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

    def _welcome(
        self, connection: Connection, joined: Joined, admission: Admission
    ) -> dict[str, Any]:
        member = joined.member
        peers = [
            {
                "peer": other.peer,
                "name": other.name,
                "role": other.role,
                "polite": other.order < member.order,
            }
            for other in joined.others
        ]
        return {
            "version": payloads.VERSION,
            "room": member.room,
            "session": admission.session,
            "peer": member.peer,
            "role": member.role,
            "resume": {"peer": member.peer, "secret": member.secret},
            "resumed": joined.resumed,
            "polite": any(peer["polite"] for peer in peers),
            "peers": peers,
            "expiresAt": _iso(admission.closes_at),
        } | self._ice(connection)

    def _ice(self, connection: Connection) -> dict[str, Any]:
        assert connection.caller is not None
        ice = ice_servers(self.settings, connection.caller.user, self.wall())
        answer: dict[str, Any] = {"iceServers": list(ice.servers)}
        if ice.expires_at is not None:
            answer["iceExpiresAt"] = ice.expires_at
        return answer

    async def _renew(self, connection: Connection, token: str) -> Reply:
        caller = await self._verifier.verify(token)
        if connection.caller is None or caller.user != connection.caller.user:
            raise Refused("unauthorized")
        connection.caller = caller
        return Reply({"expiresAt": caller.expires_at})

    # Leaving.

    def leave(self, connection: Connection, reason: str) -> None:
        """Take a connection's peer out of its room; nothing happens when it is in none."""
        seat = connection.seat
        if seat is None:
            return
        connection.vacate(None)
        seat.outlet = None
        self._depart(seat, reason)

    def lose(self, connection: Connection) -> None:
        """A connection's peer keeps its seat for the grace time; nothing happens without one."""
        if (seat := connection.seat) is not None:
            connection.vacate(None)
            self._lose(seat)

    def _lose(self, seat: Seat) -> None:
        seat.outlet = None
        self._away[seat] = self.now() + self.settings.grace_seconds
        self.run(self.directory.lose(seat))

    def _depart(self, seat: Seat, reason: str) -> None:
        """A seat is given up for good: here at once, elsewhere as soon as the directory says so."""
        self._away.pop(seat, None)
        if self.views.find(seat.member.peer) is seat:
            self.drop(seat.member, reason)
        self.run(self._leave_directory(seat.member, reason))

    async def _leave_directory(self, member: Member, reason: str) -> None:
        try:
            await self.directory.leave(member, reason)
        except Refused:
            self.log.warning("leave not recorded", extra={"peer": member.peer})

    def drop(self, member: Member, reason: str) -> None:
        """Forget a member and tell those who are here."""
        view = self.views.get(member.room)
        others = view.seats() if view is not None else []
        target = self.views.remove(member)
        if target is None:
            return
        self.metrics.left(reason)
        self.log.info("left", extra={"room": member.room, "peer": member.peer, "reason": reason})
        if isinstance(target, Seat):
            self._away.pop(target, None)
            if target.outlet is not None:
                target.outlet.vacate(reason)
                target.outlet = None
        for seat in others:
            if seat is not target:
                seat.tell("peer-left", {"peer": member.peer, "reason": reason})

    # What other nodes do.

    def remote_joined(self, member: Member) -> None:
        """A member of a room we have is on another node; told again, it changes nothing."""
        view = self.views.get(member.room)
        if view is None:
            return
        known = view.targets.get(member.peer.encode())
        if isinstance(known, Seat):
            return
        self.views.place(view, self.directory.target(member))
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
            self.views.place(view, self.directory.target(member))
            return None
        self._away.pop(seat, None)
        if isinstance(seat.outlet, Connection):
            seat.outlet.vacate(None)
            seat.outlet.shut(TRY_LATER)
            seat.outlet = None
        self.views.remove(seat.member)
        if view.targets:
            self.views.place(view, self.directory.target(member))
        return seat

    # Time.

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick()

    def tick(self) -> None:
        """Let deadlines pass: of connections, of seats whose client is away, of rooms."""
        now, wall = self.now(), self.wall()
        for connection in list(self._connections):
            if connection.state is not State.CLOSED:
                connection.tick(now, wall)
        for seat in [seat for seat, deadline in self._away.items() if now >= deadline]:
            self._depart(seat, "lost")
        for view in self.views:
            if wall >= view.closes_at:
                self._close_room(view, "session_over")
            elif now >= view.check_at and not view.checking:
                view.checking = True
                self.run(self._recheck(view))
        if now >= self._sweep_at:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_SECONDS
        for allowances in (self._connects, self._address_joins, self._user_joins):
            allowances.forget_idle()
        for seat in self.views.seats():
            seat.sweep()
        self._purses.forget_idle(held=lambda user: self._of_user[user] > 0)

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
                        self._close_room(view, "session_over")
                        return
                    if why.code == "not_a_participant" and seat.outlet is not None:
                        seat.outlet.vacate(why.code)
                        seat.outlet = None
                        self._depart(seat, why.code)
                    # Anything else decides nothing: those inside stay.
        finally:
            view.checking = False
            view.check_at = self.now() + self.settings.recheck_seconds

    def _close_room(self, view: RoomView, reason: str) -> None:
        seats = view.seats()
        for seat in seats:
            if seat.outlet is not None:
                seat.outlet.vacate(reason)
                seat.outlet = None
        for seat in seats:
            self._depart(seat, reason)

    def _gauges(self) -> dict[str, tuple[str, float]]:
        return {
            "connections": ("Open sockets", len(self._connections)),
            "rooms": ("Rooms with a peer on this node", len(self.views)),
            "peers": ("Peers on this node", len(self.views.seats())),
            "away": ("Peers that lost their network and may resume", len(self._away)),
            "draining": ("1 while shutting down", float(self.draining)),
        }


def _per_minute(count: int, now: Callable[[], float]) -> Allowances:
    return Allowances(count / 60, count, now)


def _auth(body: bytes) -> payloads.Auth:
    try:
        auth = payloads.auth_payload.decode(body)
    except payloads.MALFORMED as exc:
        raise Refused("unauthorized") from exc
    if auth.version != payloads.VERSION:
        raise Refused("unsupported_version")
    return auth


def _presence(connection: Connection, wanted: payloads.Join) -> tuple[str, str] | None:
    """The presence to take up again: the one named, or the one this very socket holds."""
    if wanted.resume is not None:
        return wanted.resume.peer, wanted.resume.secret
    if connection.seat is not None and connection.seat.member.room == wanted.room:
        return connection.seat.member.peer, connection.seat.member.secret
    return None


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
