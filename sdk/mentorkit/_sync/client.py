# Generated from mentorkit/_async/client.py by scripts/generate_sync.py: change that file.
"""The client: one user, all resources."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from mentorkit._calls import function
from mentorkit._clock import SyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._face import SyncTokenSource
from mentorkit._live.options import LiveOptions
from mentorkit._retry import Retries
from mentorkit._sync.auth import Auth
from mentorkit._sync.channels import Browsers, Calendars
from mentorkit._sync.live import Connection, Live
from mentorkit._sync.notice_settings import Settings
from mentorkit._sync.notifications import Notifications
from mentorkit._sync.offers import Templates
from mentorkit._sync.people import Mentors, Profiles, Subjects
from mentorkit._sync.planning import Availability, Slots
from mentorkit._sync.requests import Requests
from mentorkit._sync.rooms import Rooms
from mentorkit._sync.series import SeriesOfSessions
from mentorkit._sync.sessions import Sessions
from mentorkit._sync.transport import Transport, make_http
from mentorkit._sync.webhooks import Webhooks
from mentorkit.storage import MemoryStorage, Storage


class Mentorkit:
    """Everything one user can do. Nothing is sent before the first call.

    `url` and `key` are those of the Supabase project, hosted or local; the key is the publishable
    one. `access_token` makes it act for a user whose token somebody else keeps fresh: a text, or
    a function that gives the present one. Otherwise sign in with `auth`;
    `storage` keeps that session between runs. Times are in seconds.

    Close it with `with` or `close`; no task and no connection is left then. Not to be
    shared between users: `as_user` makes one for each, on the same connections.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        access_token: str | SyncTokenSource | None = None,
        storage: Storage | None = None,
        timeout: float = 10.0,
        retries: Retries | None = None,
        live: LiveOptions | None = None,
        clock: SyncClock | None = None,
        _http: httpx.Client | None = None,
    ) -> None:
        self._endpoint = Endpoint.public(url, key)
        self._owns_http = _http is None
        self._http = _http or make_http(timeout)
        self._retries = retries or Retries()
        self._options = live or LiveOptions()
        self._clock = clock or SyncClock()
        self.auth = Auth(
            self._endpoint,
            self._http,
            storage or MemoryStorage(),
            self._retries,
            self._clock,
            access_token,
            self._somebody_else,
        )
        transport = Transport(self._endpoint, self._http, self.auth, self._retries, self._clock)
        self._transport = transport
        self._live = Live(self._endpoint, transport, self.auth, self._options, self._clock)
        self.connection = Connection(self._live)
        self.mentors = Mentors(transport)
        self.subjects = Subjects(transport, self.auth)
        self.profiles = Profiles(transport, self.auth)
        self.requests = Requests(transport, self.auth, self._live)
        self.sessions = Sessions(transport, self.auth, self._live, self._clock)
        self.availability = Availability(transport, self.auth)
        self.slots = Slots(transport)
        self.templates = Templates(transport, self.auth)
        self.series = SeriesOfSessions(transport)
        self.rooms = Rooms(transport, self.auth, self._clock, self._live)
        self.notifications = Notifications(transport, self.auth, self._live, self._clock)
        self.notice_settings = Settings(transport, self.auth)
        self.webhooks = Webhooks(transport)
        self.calendars = Calendars(transport)
        self.browsers = Browsers(transport)

    def as_user(self, access_token: str | SyncTokenSource) -> Mentorkit:
        """A client for the user of that token, for one request of a web server for example.

        It shares the connections of this one and nothing else, costs little, and closing it
        closes only its own watches.
        """
        return Mentorkit(
            self._endpoint.url,
            self._endpoint.key,
            access_token=access_token,
            retries=self._retries,
            live=self._options,
            clock=self._clock,
            _http=self._http,
        )

    def call(
        self, name: str, parameters: dict[str, Any] | None = None, *, safe: bool = False
    ) -> Any:
        """Call any database function as this user; `safe` says it may be called twice.

        For functions of your own, beside those of mentorkit: the answer is the plain JSON, errors
        and retries are those of every other call.
        """
        return self._transport.run(
            function(name, dict(parameters or {}), lambda data: data, safe=safe)
        )

    def close(self) -> None:
        """End every watch and every connection."""
        self._live.close()
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _somebody_else(self) -> None:
        self._live.somebody_else()
