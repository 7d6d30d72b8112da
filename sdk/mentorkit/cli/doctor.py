"""`mentorkit doctor`: looks at everything the SDK needs and says what to do about what is wrong."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click
import httpx

from mentorkit import AsyncMentorkit, ConnectionStatus
from mentorkit._http import from_transport
from mentorkit._schema import NEEDS
from mentorkit.cli import show
from mentorkit.cli.session import Place
from mentorkit.errors import MentorkitError

SKEW = 30.0  # seconds; tokens allow for a few, and expire an hour after they were made
PATIENCE = 10.0


@dataclass(frozen=True)
class Finding:
    """What one look found; `ok` is None when it could not be looked at."""

    check: str
    ok: bool | None
    says: str


class Sick(Exception):
    """A check failed; the text says what to do."""


class Skipped(Exception):
    """A check could not be made; the text says why."""


async def examine(place: Place) -> list[Finding]:
    """All checks, in the order in which one builds on the other."""
    findings: list[Finding] = []

    async def look(name: str, check: Callable[[], Awaitable[str]]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                findings.append(Finding(name, True, await check()))
                return True
        except Skipped as reason:
            findings.append(Finding(name, None, str(reason)))
        except TimeoutError:
            findings.append(Finding(name, False, f"no answer within {PATIENCE:.0f} s"))
        except (Sick, MentorkitError) as fault:
            findings.append(Finding(name, False, str(fault)))
        return False

    async def project() -> str:
        return place.project()[0]

    if not await look("project", project):
        return findings
    url, key = place.project()
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as http,
        AsyncMentorkit(url, key, storage=place.storage) as client,
    ):
        checks = Checks(place, http, client, url, key)
        if await look("url", checks.reach) and await look("key", checks.key):
            await look("clock", checks.clock)
            await look("schema", checks.schema)
            await look("signed in", checks.signed_in)
            await look("realtime", checks.realtime)
        await look("signaling", checks.signaling)
    return findings


class Checks:
    """The looks themselves; each gives what is well or raises what to do."""

    def __init__(
        self, place: Place, http: httpx.AsyncClient, client: AsyncMentorkit, url: str, key: str
    ) -> None:
        self._place = place
        self._http = http
        self._client = client
        self._url = url
        self._key = key
        self._skew: float | None = None

    async def reach(self) -> str:
        """Something answers there."""
        before = time.time()
        answer = await self._get(f"{self._url}/auth/v1/settings", {"apikey": self._key})
        after = time.time()
        if said := answer.headers.get("date"):
            server = email.utils.parsedate_to_datetime(said).timestamp() + 0.5
            self._skew = (before + after) / 2 - server
        return f"answers in {(after - before) * 1000:.0f} ms"

    async def key(self) -> str:
        """The key is one of the project."""
        subjects = await self._client.subjects.list()
        if not subjects:
            return "accepted; but there are no subjects yet, and a request needs one"
        return f"accepted; {len(subjects)} subjects"

    async def clock(self) -> str:
        """This computer and the server agree on the time."""
        if self._skew is None:
            raise Skipped("the server did not say what time it has")
        if abs(self._skew) > SKEW:
            way = "ahead of" if self._skew > 0 else "behind"
            raise Sick(
                f"this computer is {abs(self._skew):.0f} s {way} the server: set its clock "
                "(timedatectl set-ntp true), or tokens will seem expired"
            )
        return f"{abs(self._skew):.0f} s apart"

    async def schema(self) -> str:
        """The migrations are there."""
        from mentorkit._calls import function

        call = function("schema_version", {}, str, safe=True)
        version = await self._client.requests._transport.run(call)
        if version.split()[0] < NEEDS:
            raise Sick(
                f"the database is at {version}, this version needs {NEEDS}: deploy the "
                "migrations (`supabase db push`)"
            )
        return version

    async def signed_in(self) -> str:
        """There is a session, and it still works."""
        user = await self._client.auth.restore()
        if user is None:
            raise Skipped("nobody is: mentorkit login")
        await self._client.profiles.get()
        return user.email or str(user.id)

    async def realtime(self) -> str:
        """Changes arrive."""
        if self._client.auth.user is None:
            raise Skipped("can be looked at when somebody is signed in")
        begun = time.monotonic()
        async with self._client.notifications.watch() as watch:
            while self._client.connection.status is not ConnectionStatus.LIVE:
                try:
                    await watch.next(timeout=0.2)
                except TimeoutError:
                    fault = self._client.connection.last_fault
                    if fault is not None and time.monotonic() - begun > PATIENCE / 2:
                        raise Sick(
                            f"{fault} Watching falls back to reading now and then until it works."
                        ) from fault
        return f"live after {(time.monotonic() - begun) * 1000:.0f} ms"

    async def signaling(self) -> str:
        """Rooms can be joined."""
        if not self._place.signaling_url:
            raise Skipped("set SIGNALING_URL to have it looked at")
        answer = await self._get(f"{self._place.signaling_url.rstrip('/')}/readyz", {})
        if answer.status_code != 200:
            raise Sick(f"it says HTTP {answer.status_code}: look at its log")
        return "ready"

    async def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        try:
            return await self._http.get(url, headers=headers)
        except httpx.HTTPError as fault:
            raise from_transport(fault) from fault


@click.command()
@click.pass_obj
def doctor(place: Place) -> int:
    """Check URL, key, clock, schema, session, realtime and signaling; say what to do."""
    findings = asyncio.run(examine(place))
    if place.as_json:
        show.as_json(findings)
    else:
        marks = {True: "ok  ", False: "FAIL", None: "-   "}
        for finding in findings:
            click.echo(f"{marks[finding.ok]} {finding.check:<10} {finding.says}")
    return 1 if any(finding.ok is False for finding in findings) else 0
