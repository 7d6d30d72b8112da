"""The two people of the story, signed up through auth like anybody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

import httpx

from demo.stack import Stack
from mentorkit import AsyncMentorkit


@dataclass(frozen=True)
class Person:
    """A signed-in user and the client that acts for them."""

    id: UUID
    name: str
    client: AsyncMentorkit


async def sign_up(stack: Stack, name: str, *, mentor: bool = False) -> Person:
    """Sign a new user up; every call makes another one."""
    client = AsyncMentorkit(stack.supabase_url, stack.publishable_key)
    address = f"{name.split()[0].lower()}-{secrets.token_hex(4)}@demo.mentorkit.test"
    user = await client.auth.sign_up(
        email=address, password=secrets.token_urlsafe(16), name=name, mentor=mentor
    )
    return Person(user.id, name, client)


async def has_taught(stack: Stack, mentor: Person, sessions: int) -> None:
    """Give the mentor a past: only the service key may write how many sessions were taught."""
    async with httpx.AsyncClient(base_url=stack.supabase_url) as http:
        answer = await http.patch(
            "/rest/v1/profiles",
            params={"id": f"eq.{mentor.id}"},
            headers={
                "apikey": stack.secret_key,
                "Authorization": f"Bearer {stack.secret_key}",
                "Prefer": "return=representation",
            },
            json={"total_sessions_taught": sessions},
        )
        answer.raise_for_status()
        if [row["total_sessions_taught"] for row in answer.json()] != [sessions]:
            raise RuntimeError(f"the profile did not change: {answer.text}")
