"""One story, two faces: calls of the sync client run in a thread and are awaited like the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from mentorkit import AsyncMentorkit, Mentorkit, Subject

from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv


class InThread:
    """Makes anything of the sync face awaitable: attributes are wrapped, calls run in a thread."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if callable(found):

            async def call(*arguments: Any, **options: Any) -> Any:
                return await asyncio.to_thread(found, *arguments, **options)

            return call
        if type(found).__module__.startswith("mentorkit._sync"):
            return InThread(found)
        return found


@dataclass(frozen=True)
class Actor:
    """A signed-in person and their client, whichever face it has."""

    id: UUID
    name: str
    email: str
    password: str
    client: Any
    watch_requests: Any = None


class Face:
    """Makes clients of one face, and closes them."""

    def __init__(self, kind: str, stack: StackEnv) -> None:
        self.kind = kind
        self.stack = stack
        self._clients: list[AsyncMentorkit | Mentorkit] = []
        self._hours: Iterator[int] = count(1)

    def client(self, **options: Any) -> Any:
        """A client that nobody has signed in with."""
        made: AsyncMentorkit | Mentorkit
        where = (self.stack.supabase_url, self.stack.publishable_key)
        if self.kind == "async":
            made = AsyncMentorkit(*where, **options)
            self._clients.append(made)
            return made
        made = Mentorkit(*where, **options)
        self._clients.append(made)
        return InThread(made)

    async def person(self, name: str = "Ada", *, mentor: bool = False, **options: Any) -> Actor:
        """Somebody new, signed in."""
        person: Person = await sign_up(self.stack, name, mentor=mentor)
        client = self.client(**options)
        await client.auth.sign_in(email=person.email, password=person.password)
        return Actor(UUID(person.id), name, person.email, person.password, client)

    async def watch(self, resource: Any, **options: Any) -> Any:
        """A watch whose `next` and `close` are awaited."""
        made = resource.watch(**options)
        return made if self.kind == "async" else InThread(await made)

    async def request(self, student: Actor, mentor: Actor, **changes: Any) -> Any:
        """A request for an hour that nothing else of this test takes."""
        subject: Subject = (await student.client.subjects.list())[0]
        values: dict[str, Any] = {
            "mentor_id": mentor.id,
            "subject_id": subject.id,
            "title": "Recursion",
            "requested_time": self.hour(),
            "duration": 60,
            **changes,
        }
        return await student.client.requests.create(**values)

    def hour(self) -> datetime:
        """Another free hour, from tomorrow on."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        return start + timedelta(days=1, hours=next(self._hours))

    async def close(self) -> None:
        """Close every client that was made."""
        for client in self._clients:
            if isinstance(client, AsyncMentorkit):
                await client.aclose()
            else:
                await asyncio.to_thread(client.close)
