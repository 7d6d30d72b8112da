"""The client: one user, all resources."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from mentorkit._async.auth import AsyncAuth
from mentorkit._async.channels import AsyncBrowsers, AsyncCalendars
from mentorkit._async.live import AsyncConnection, AsyncLive
from mentorkit._async.notice_settings import AsyncSettings
from mentorkit._async.notifications import AsyncNotifications
from mentorkit._async.offers import AsyncTemplates
from mentorkit._async.people import AsyncMentors, AsyncProfiles, AsyncSubjects
from mentorkit._async.planning import AsyncAvailability, AsyncSlots
from mentorkit._async.requests import AsyncRequests
from mentorkit._async.rooms import AsyncRooms
from mentorkit._async.series import AsyncSeriesOfSessions
from mentorkit._async.sessions import AsyncSessions
from mentorkit._async.transport import AsyncTransport, make_http
from mentorkit._async.webhooks import AsyncWebhooks
from mentorkit._calls import function
from mentorkit._clock import AsyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._face import TokenSource
from mentorkit._live.options import LiveOptions
from mentorkit._retry import Retries
from mentorkit.storage import MemoryStorage, Storage


class AsyncMentorkit:
    """Everything one user can do. Nothing is sent before the first call.

    `url` and `key` are those of the Supabase project, hosted or local; the key is the publishable
    one. `access_token` makes it act for a user whose token somebody else keeps fresh: a text, or
    a function (plain or coroutine) that gives the present one. Otherwise sign in with `auth`;
    `storage` keeps that session between runs. Times are in seconds.

    Close it with `async with` or `aclose`; no task and no connection is left then. Not to be
    shared between users: `as_user` makes one for each, on the same connections.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        access_token: str | TokenSource | None = None,
        storage: Storage | None = None,
        timeout: float = 10.0,
        retries: Retries | None = None,
        live: LiveOptions | None = None,
        clock: AsyncClock | None = None,
        _http: httpx.AsyncClient | None = None,
    ) -> None:
        self._endpoint = Endpoint.public(url, key)
        self._owns_http = _http is None
        self._http = _http or make_http(timeout)
        self._retries = retries or Retries()
        self._options = live or LiveOptions()
        self._clock = clock or AsyncClock()
        self.auth = AsyncAuth(
            self._endpoint,
            self._http,
            storage or MemoryStorage(),
            self._retries,
            self._clock,
            access_token,
            self._somebody_else,
        )
        transport = AsyncTransport(
            self._endpoint, self._http, self.auth, self._retries, self._clock
        )
        self._transport = transport
        self._live = AsyncLive(self._endpoint, transport, self.auth, self._options, self._clock)
        self.connection = AsyncConnection(self._live)
        self.mentors = AsyncMentors(transport)
        self.subjects = AsyncSubjects(transport, self.auth)
        self.profiles = AsyncProfiles(transport, self.auth)
        self.requests = AsyncRequests(transport, self.auth, self._live)
        self.sessions = AsyncSessions(transport, self.auth, self._live, self._clock)
        self.availability = AsyncAvailability(transport, self.auth)
        self.slots = AsyncSlots(transport)
        self.templates = AsyncTemplates(transport, self.auth)
        self.series = AsyncSeriesOfSessions(transport)
        self.rooms = AsyncRooms(transport, self.auth, self._clock, self._live)
        self.notifications = AsyncNotifications(transport, self.auth, self._live, self._clock)
        self.notice_settings = AsyncSettings(transport, self.auth)
        self.webhooks = AsyncWebhooks(transport)
        self.calendars = AsyncCalendars(transport)
        self.browsers = AsyncBrowsers(transport)

    def as_user(self, access_token: str | TokenSource) -> AsyncMentorkit:
        """A client for the user of that token, for one request of a web server for example.

        It shares the connections of this one and nothing else, costs little, and closing it
        closes only its own watches.
        """
        return AsyncMentorkit(
            self._endpoint.url,
            self._endpoint.key,
            access_token=access_token,
            retries=self._retries,
            live=self._options,
            clock=self._clock,
            _http=self._http,
        )

    async def call(
        self, name: str, parameters: dict[str, Any] | None = None, *, safe: bool = False
    ) -> Any:
        """Call any database function as this user; `safe` says it may be called twice.

        For functions of your own, beside those of mentorkit: the answer is the plain JSON, errors
        and retries are those of every other call.
        """
        return await self._transport.run(
            function(name, dict(parameters or {}), lambda data: data, safe=safe)
        )

    async def aclose(self) -> None:
        """End every watch and every connection."""
        await self._live.close()
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _somebody_else(self) -> None:
        self._live.somebody_else()
