"""Joining a room: the database is asked, the directory decides, the newcomer is welcomed."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from signaling_server import payloads
from signaling_server.access import Access, Admission
from signaling_server.connection import Connection, State
from signaling_server.errors import Refused
from signaling_server.ice import ice_servers
from signaling_server.limits import per_minute
from signaling_server.reply import Reply
from signaling_server.rooms import Joined, Member

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class Joins:
    """Takes people in, within the bounds on how often they may try."""

    def __init__(self, hub: "Hub", access: Access) -> None:
        self._hub = hub
        self._access = access
        self._of_address = per_minute(hub.settings.joins_per_minute_address, hub.now)
        self._of_user = per_minute(hub.settings.joins_per_minute_user, hub.now)

    async def join(self, connection: Connection, wanted: payloads.Join) -> Reply:
        caller = connection.caller
        assert caller is not None
        started = self._hub.now()
        if self._hub.draining:
            raise Refused("draining")
        # Before the database is asked: this is what guessing room ids runs into.
        if not self._of_user.of(caller.user).spend(1):
            raise Refused("rate_limited")
        if not self._of_address.of(connection.address).spend(1):
            raise Refused("rate_limited")
        admission = await self._access.ask(caller, wanted.room)
        if _is_gone(connection):
            return Reply({})
        newcomer = Member(
            room=wanted.room,
            peer=secrets.token_urlsafe(12),
            user=caller.user,
            name=admission.name,
            role=admission.role,
            secret=secrets.token_urlsafe(18),
            node=self._hub.directory.node,
        )
        resume = _presence(connection, wanted)
        joined = await self._hub.directory.join(newcomer, resume)
        if _is_gone(connection):
            # While the decision was made. A new seat was never taken; one that was kept is kept on.
            if joined.resumed:
                self._hub.places.take_seat(connection, joined, admission)
                self._hub.places.lose(connection)
            else:
                await self._hub.directory.leave(joined.member, "left")
            return Reply({})
        if connection.seat is not None and connection.seat.member.room != wanted.room:
            self._hub.places.leave(connection, "left")
        seat = self._hub.places.take_seat(connection, joined, admission)
        self._hub.metrics.joins.observe(self._hub.now() - started)
        self._hub.log.info(
            "joined",
            extra={"room": wanted.room, "peer": seat.member.peer, "resumed": joined.resumed},
        )
        welcome = self._welcome(connection, joined, admission)
        if not joined.resumed or wanted.resume is None:
            return Reply(welcome)
        frames = seat.since(wanted.resume.seen)
        # More was sent while the peer was away than is kept: it must set up its calls anew.
        return Reply(welcome | {"missed": frames is None}, frames or ())

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
        } | self.ice(connection)

    def ice(self, connection: Connection) -> dict[str, Any]:
        assert connection.caller is not None
        ice = ice_servers(self._hub.settings, connection.caller.user, self._hub.wall())
        answer: dict[str, Any] = {"iceServers": list(ice.servers)}
        if ice.expires_at is not None:
            answer["iceExpiresAt"] = ice.expires_at
        return answer

    def forget_idle(self) -> None:
        self._of_address.forget_idle()
        self._of_user.forget_idle()


def _is_gone(connection: Connection) -> bool:
    return connection.state is not State.ADMITTED


def _presence(connection: Connection, wanted: payloads.Join) -> tuple[str, str] | None:
    """The presence to take up again: the one named, or the one this very socket holds."""
    if wanted.resume is not None:
        return wanted.resume.peer, wanted.resume.secret
    if connection.seat is not None and connection.seat.member.room == wanted.room:
        return connection.seat.member.peer, connection.seat.member.secret
    return None


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
