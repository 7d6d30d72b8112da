"""One joined channel: the feed it brings, who watches it, and how it stands with the server."""

from __future__ import annotations

import weakref
from typing import Any
from uuid import UUID

from mentorkit._live.feed import Feed, Via
from mentorkit._live.frames import Frame, join_payload
from mentorkit._live.watch import AsyncWatch
from mentorkit._retry import backoff
from mentorkit.errors import MentorkitError, SchemaTooOld

_WRONG = ("unable to subscribe", "error parsing", "invalid column")
_TOKEN = ("token", "jwt")


class TokenRefused(Exception):
    """The server wants another access token; `at_join`, in place of the one that joined."""

    def __init__(self, reason: str, *, at_join: bool) -> None:
        super().__init__(reason)
        self.at_join = at_join


class Channel:
    """The state of a channel. Changes flow when `live`, which is later than joined."""

    def __init__(self, feed: Feed[Any], me: UUID, via: Via, now: float) -> None:
        self._feed = feed
        self._private = via is Via.BROADCAST
        self._bindings = [] if self._private else feed.bindings(me)
        self.watchers: set[weakref.ref[AsyncWatch[Any]]] = set()
        self.live = False
        self.joining = False
        self.join_ref: str | None = None
        self.joined_with = ""
        """The token of the last join: a refusal of it may come when a newer one is on its way."""
        self.due: float | None = now
        """When something has to be done: join, or stop waiting for the answer to a join."""
        self._failures = 0
        self._was_live = False

    def payload(self, token: str) -> dict[str, Any]:
        """What to join with."""
        self.joined_with = token
        return join_payload(self._bindings, token, private=self._private)

    def join(self, ref: str, deadline: float) -> None:
        """A join is on its way."""
        self.join_ref = ref
        self.joining = True
        self.live = False
        self.due = deadline

    def reset(self, now: float) -> None:
        """The connection is gone."""
        self.live = False
        self.joining = False
        self.join_ref = None
        self.due = now

    def fail(self, fault: MentorkitError) -> None:
        """Tell every watcher that it is over."""
        for watch in self._present():
            watch.fail(fault)

    def handle(self, frame: Frame, now: float) -> None:
        """Take in a message. Raises `TokenRefused` when only another token helps."""
        payload = frame.payload
        if frame.event == "postgres_changes":
            self._change(payload.get("data") or {})
        elif frame.event == "broadcast":
            for watch in self._present():
                watch.reread()
        elif frame.event == "system":
            if payload.get("status") == "ok":
                if payload.get("extension") == "postgres_changes":
                    self._begin()
            else:
                self._refused(str(payload.get("message") or payload), now, at_join=False)
        elif frame.event == "phx_reply" and frame.ref == self.join_ref:
            if payload.get("status") == "error":
                response = payload.get("response") or {}
                self._refused(str(response.get("reason") or response), now, at_join=True)
            elif self._private:
                self._begin()  # nothing else comes: broadcasts flow from here on
        elif frame.event in ("phx_close", "phx_error") and self.join_ref is not None:
            self._rejoin(now)

    def _begin(self) -> None:
        self.joining = False
        self.live = True
        self.due = None
        self._failures = 0
        self._was_live = True
        for watch in self._present():
            watch.reread()

    def _refused(self, reason: str, now: float, *, at_join: bool) -> None:
        low = reason.lower()
        if any(word in low for word in _TOKEN):
            raise TokenRefused(reason, at_join=at_join)
        if not self._was_live and any(word in low for word in _WRONG):
            self.fail(
                SchemaTooOld(
                    f"Changes of {self._feed.table} cannot be watched ({reason}): deploy the "
                    "migrations (`supabase db push`), then run `mentorkit doctor`."
                )
            )
        self._rejoin(now)

    def _rejoin(self, now: float) -> None:
        self._failures += 1
        self.live = False
        self.joining = False
        self.join_ref = None
        self.due = now + backoff(self._failures, first=0.5)

    def _change(self, data: dict[str, Any]) -> None:
        try:
            if data.get("errors"):
                raise ValueError(data["errors"])
            row = self._feed.read(data["record"])
        except (KeyError, TypeError, ValueError, MentorkitError):
            # Too large, a column left out, a value of a newer version: the row itself is read.
            for watch in self._present():
                watch.reread()
            return
        for watch in self._present():
            watch.push(row)

    def _present(self) -> list[AsyncWatch[Any]]:
        return [watch for ref in self.watchers if (watch := ref()) is not None]
