"""One story, two faces: calls of the sync client run in a thread, awaited like the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from mentorkit import AsyncMentorkit, Mentorkit, Subject
from tests.support.people import PASSWORD
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
    client: Any


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
        where = (options.pop("url", self.stack.supabase_url), self.stack.publishable_key)
        if self.kind == "async":
            made = AsyncMentorkit(*where, **options)
            self._clients.append(made)
            return made
        made = Mentorkit(*where, **options)
        self._clients.append(made)
        return InThread(made)

    async def person(self, name: str = "Ada", *, mentor: bool = False, **options: Any) -> Actor:
        """Somebody new, signed in."""
        client = self.client(**options)
        email = f"{uuid4().hex}@example.test"
        user = await client.auth.sign_up(email=email, password=PASSWORD, name=name, mentor=mentor)
        return Actor(user.id, name, email, client)

    async def watch(self, resource: Any, **options: Any) -> Any:
        """A watch whose `next` and `close` are awaited."""
        made = resource.watch(**options)
        return made if self.kind == "async" else InThread(await made)

    def plain(self, actor: Actor) -> Mentorkit:
        """The sync client itself, for what only a thread can do with it."""
        inner = actor.client._inner
        assert isinstance(inner, Mentorkit)
        return inner

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
