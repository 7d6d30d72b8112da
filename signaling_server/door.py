"""The door: which sockets are let in, and whose they are."""

from typing import TYPE_CHECKING

from signaling_server import payloads, wire
from signaling_server.connection import Connection, State
from signaling_server.errors import Refused
from signaling_server.limits import Allowances, Counter, per_minute
from signaling_server.reply import Reply
from signaling_server.tokens import Verifier

if TYPE_CHECKING:
    from signaling_server.hub import Hub


class Door:
    """Open sockets, and the bounds on them by address and person."""

    def __init__(self, hub: "Hub", verifier: Verifier) -> None:
        settings = hub.settings
        self._hub = hub
        self._verifier = verifier
        self.inside: set[Connection] = set()
        self._at_address = Counter()
        self._of_user = Counter()
        self._connects = per_minute(settings.connects_per_minute_address, hub.now)
        self._purses = Allowances(settings.user_message_rate, settings.user_message_burst, hub.now)

    def refusal(self, origin: str | None) -> tuple[int, str] | None:
        """The HTTP status and code with which a new socket is turned away, or None to let it in."""
        allowed = self._hub.settings.cors_origins
        if self._hub.draining:
            return self._turned_away(503, "draining")
        if origin is not None and "*" not in allowed and origin not in allowed:
            return self._turned_away(403, "unauthorized")
        if len(self.inside) >= self._hub.settings.max_connections:
            return self._turned_away(503, "unavailable")
        return None

    def crowded(self, address: str) -> bool:
        """Whether one address has too many sockets, or opens them too fast."""
        if self._at_address[
            address
        ] < self._hub.settings.connections_per_address and self._connects.of(address).spend(1):
            return False
        self._hub.metrics.refused("rate_limited")
        return True

    def _turned_away(self, status: int, code: str) -> tuple[int, str]:
        self._hub.metrics.refused(code)
        return status, code

    def accept(self, connection: Connection) -> None:
        """Take in a socket that `refusal` had nothing against."""
        self.inside.add(connection)
        self._at_address.add(connection.address)
        connection.start()

    async def admit(self, connection: Connection, body: bytes) -> None:
        """Answer Socket.IO's CONNECT."""
        started = self._hub.now()
        try:
            auth = _auth(body)
            if self._hub.draining:
                raise Refused("draining")
            caller = await self._verifier.verify(auth.token)
        except Refused as why:
            self._refuse_connect(connection, why)
            return
        except Exception:
            self._hub.log.exception("admission failed")
            self._refuse_connect(connection, Refused("unavailable"))
            return
        if connection.state is not State.CHECKING:
            return
        connection.caller = caller
        connection.state = State.ADMITTED
        connection.purse = self._purses.of(caller.user)
        self._of_user.add(caller.user)
        self._hub.metrics.admissions.observe(self._hub.now() - started)
        connection.write(wire.connected(connection.sid))
        self._hub.log.info("connected", extra={"sid": connection.sid, "user": caller.user})

    def _refuse_connect(self, connection: Connection, why: Refused) -> None:
        self._hub.metrics.refused(why.code)
        self._hub.log.info("refused", extra={"sid": connection.sid, "code": why.code})
        connection.write(wire.refused(b"/", why.code, why.answer()["error"]))

    async def renew(self, connection: Connection, token: str) -> Reply:
        caller = await self._verifier.verify(token)
        if connection.caller is None or caller.user != connection.caller.user:
            raise Refused("unauthorized")
        connection.caller = caller
        return Reply({"expiresAt": caller.expires_at})

    def forget(self, connection: Connection, *, leaving: bool) -> None:
        """A socket is gone. Its seat is kept for the grace time unless the client was leaving."""
        if connection not in self.inside:
            return
        self.inside.discard(connection)
        self._at_address.remove(connection.address)
        if connection.caller is not None:
            self._of_user.remove(connection.caller.user)
        if leaving:
            self._hub.places.leave(connection, "left")
        else:
            self._hub.places.lose(connection)

    def expel(self, connection: Connection, reason: str) -> None:
        """End a connection for a reason the client is told."""
        if connection.seat is not None:
            self._hub.places.leave(connection, reason)
            connection.write(wire.event("room-closed", {"reason": reason}))
        connection.write(wire.disconnected())
        connection.shut(1000)

    def forget_idle(self) -> None:
        self._connects.forget_idle()
        self._purses.forget_idle(held=lambda user: self._of_user[user] > 0)


def _auth(body: bytes) -> payloads.Auth:
    try:
        auth = payloads.auth_payload.decode(body)
    except payloads.MALFORMED as exc:
        raise Refused("unauthorized") from exc
    if auth.version != payloads.VERSION:
        raise Refused("unsupported_version")
    return auth
