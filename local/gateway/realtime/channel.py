"""One joined channel of one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from .database import Unavailable
from .frames import Incoming, Version, dumps, encode
from .joining import BadSubscription, Options, Wanted, wanted
from .service import Refused, Service
from .subscriptions import Subscription
from .tokens import Claims, TokenRefused
from .topics import Topic
from .visibility import Rights

RECHECK_SECONDS = 300.0


class Link(Protocol):
    """The connection a channel lives on."""

    @property
    def version(self) -> Version: ...
    @property
    def headers(self) -> dict[str, str]: ...
    def send(self, frame: str | bytes) -> None: ...
    def forget(self, channel: Channel) -> None: ...


class Channel:
    """Receives what its topic and its subscriptions bring, until it is left or closed."""

    def __init__(
        self, service: Service, link: Link, topic: Topic, joined: Incoming, options: Options
    ) -> None:
        self.service = service
        self.link = link
        self.topic = topic
        self.wire_topic = joined.topic
        self.join_ref = joined.join_ref or joined.ref
        self.options = options
        self.version = link.version
        self.rights = Rights()
        self.claims: Claims = {}
        self.claims_text = ""
        self.role = ""
        self.token = ""
        self.presence_key = options.presence_key or f"{id(self):x}-{self.join_ref}"
        self._wishes: list[dict[str, Any]] = []
        self._accepted: list[Subscription] = []
        self._subscribing: asyncio.Task[None] | None = None
        self._recheck: asyncio.TimerHandle | None = None

    @property
    def hears_broadcast(self) -> bool:
        return self.rights.broadcast_read

    @property
    def hears_presence(self) -> bool:
        return self.rights.presence_read

    # What goes out

    def send(self, frame: str | bytes) -> None:
        self.link.send(frame)

    def push(self, event: str, payload: object, ref: str | None = None) -> None:
        frame = encode(
            self.version, self.wire_topic, event, dumps(payload), ref=ref, join_ref=self.join_ref
        )
        self.link.send(frame)

    def reply(self, ref: str | None, status: str, response: dict[str, Any]) -> None:
        self.push("phx_reply", {"status": status, "response": response}, ref)

    def system(self, extension: str, status: str, message: str) -> None:
        self.push(
            "system",
            {
                "extension": extension,
                "status": status,
                "message": message,
                "channel": self.topic.name,
            },
        )

    # Life

    def accept(self, token: str, claims: Claims, rights: Rights) -> None:
        """Take a checked token for what this channel may do, until it expires or is replaced."""
        self.token, self.claims, self.rights = token, claims, rights
        self.claims_text, self.role = dumps(claims), claims["role"]
        if self._recheck is not None:
            self._recheck.cancel()
        if "exp" in claims:
            left = claims["exp"] - self.service.clock()
            self._recheck = asyncio.get_running_loop().call_later(
                max(0.0, min(RECHECK_SECONDS, left)), self._check_token_again
            )

    def _check_token_again(self) -> None:
        try:
            self.accept(self.token, self.service.tokens.claims_of(self.token), self.rights)
        except TokenRefused as exc:
            self.shut_down(exc.message)

    def open(self) -> None:
        self.service.topics.join(self.topic, self)
        self.service.listeners.add(self)

    def close(self) -> None:
        """Stop receiving. Says nothing to the client."""
        self.service.listeners.discard(self)
        self.service.topics.leave(self.topic, self)
        self._drop_subscriptions()
        if self._subscribing is not None:
            self._subscribing.cancel()
        if self._recheck is not None:
            self._recheck.cancel()
        self.link.forget(self)

    def shut_down(self, message: str) -> None:
        """End the channel for a reason the client is told; it is not expected to come back."""
        self.system("system", "error", message)
        self.push("phx_close", {}, self.join_ref)
        self.close()

    def stream_lost(self, reason: str) -> None:
        """Changes may be missing: an error makes the client join again, and look."""
        self.push("phx_error", {"reason": reason}, self.join_ref)
        self.close()

    # Changes of the database

    def subscribe(
        self, wishes: list[dict[str, Any]], done: Callable[[str | None], None] | None = None
    ) -> None:
        """Ask for changes; a `system` message tells when they flow, or why not.

        `done` is called before, with None or the reason.
        """
        self._wishes = wishes
        if not wishes:
            return
        if self._subscribing is not None:
            self._subscribing.cancel()
        self._subscribing = asyncio.create_task(self._subscribe(done))

    def subscribe_again(self) -> None:
        """Another role may ask for the same, or may not; those accepted go on meanwhile."""
        self.subscribe(self._wishes)

    async def _subscribe(self, done: Callable[[str | None], None] | None) -> None:
        try:
            await self.service.stream_ready()
            accepted: list[Wanted] = []
            for wish in self._wishes:
                accepted.append(wanted(wish))
                await self.service.check(accepted[-1], self.role)
            self._drop_subscriptions()
            for entry in accepted:
                self._accepted.append(Subscription(entry, self))
                self.service.subscriptions.add(self._accepted[-1])
            await self.service.settle()
        except (BadSubscription, Refused) as exc:
            self._drop_subscriptions()
            if done is not None:
                done(f"RealtimeDisabledForConfiguration: {exc}")
            else:
                self.system("postgres_changes", "error", str(exc))
        except Unavailable as exc:
            if done is not None:
                done(f"UnableToConnectToProject: {exc}")
            else:
                self.stream_lost(str(exc))
        else:
            if done is not None:
                done(None)
            self.system("postgres_changes", "ok", "Subscribed to PostgreSQL")

    def _drop_subscriptions(self) -> None:
        for subscription in self._accepted:
            self.service.subscriptions.remove(subscription)
        self._accepted = []
