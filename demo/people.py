"""The two people of the story, signed up through auth like anybody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from demo.stack import Stack
from mentorkit import AsyncMentorkit


@dataclass(frozen=True)
class Person:
    """A signed-in user and the client that acts for them."""

    id: UUID
    name: str
    address: str
    client: AsyncMentorkit


async def sign_up(stack: Stack, name: str, *, mentor: bool = False) -> Person:
    """Sign a new user up; every call makes another one."""
    client = AsyncMentorkit(stack.supabase_url, stack.publishable_key)
    address = f"{name.split()[0].lower()}-{secrets.token_hex(4)}@demo.mentorkit.test"
    user = await client.auth.sign_up(
        email=address, password=secrets.token_urlsafe(16), name=name, mentor=mentor
    )
    return Person(user.id, name, address, client)


async def with_secret_key(stack: Stack, method: str, path: str, **call: Any) -> Any:
    """One call that only the operator may make; gives what it answers."""
    headers = {
        "apikey": stack.secret_key,
        "Authorization": f"Bearer {stack.secret_key}",
        "Prefer": "return=representation",
    }
    async with httpx.AsyncClient(base_url=stack.supabase_url, headers=headers) as http:
        answer = await http.request(method, f"/rest/v1/{path}", **call)
        answer.raise_for_status()
        return answer.json()


async def has_taught(stack: Stack, mentor: Person, sessions: int) -> None:
    """Give the mentor a past: only the service key may write how many sessions were taught."""
    rows = await with_secret_key(
        stack,
        "PATCH",
        "profiles",
        params={"id": f"eq.{mentor.id}"},
        json={"total_sessions_taught": sessions},
    )
    if [row["total_sessions_taught"] for row in rows] != [sessions]:
        raise RuntimeError(f"the profile did not change: {rows}")


async def time_passes(stack: Stack, until: datetime) -> dict[str, int]:
    """Do the timed work as if it were `until`; says how many of each kind were due."""
    done: dict[str, int] = await with_secret_key(
        stack, "POST", "rpc/timed_work", json={"now": until.isoformat()}
    )
    return done
