"""People for tests: each signs up under an address of their own, so tests can share one stack."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx

from tests.support.stack import StackEnv

PASSWORD = "correct horse battery"
TAUGHT: dict[str, object] = {"is_mentor": True, "total_sessions_taught": 3}


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a session."""

    id: str
    email: str
    password: str
    access_token: str
    name: str = ""
    refresh_token: str = ""

    def headers(self, stack: StackEnv) -> dict[str, str]:
        """What a client sends on this person's behalf."""
        return {"apikey": stack.publishable_key, "Authorization": f"Bearer {self.access_token}"}


async def sign_up(stack: StackEnv, name: str = "Ada", mentor: bool = False) -> Person:
    """A new person, signed up through auth; a mentor is one who has taught already."""
    email = f"{uuid.uuid4().hex}@example.test"
    key = {"apikey": stack.publishable_key}
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=15) as http:
        answer = await http.post(
            "/auth/v1/signup",
            headers=key,
            json={"email": email, "password": PASSWORD, "data": {"name": name}},
        )
        assert answer.status_code == 200, answer.text
        session = answer.json()
        person = Person(
            id=session["user"]["id"],
            email=email,
            password=PASSWORD,
            access_token=session["access_token"],
            name=name,
            refresh_token=session["refresh_token"],
        )
        if mentor:
            await patch_profile(http, stack, person.id, TAUGHT)
    return person


async def patch_profile(
    http: httpx.AsyncClient, stack: StackEnv, person_id: str, values: dict[str, object]
) -> None:
    """Write what a person may not write about themselves, with the service key."""
    answer = await http.patch(
        "/rest/v1/profiles",
        params={"id": f"eq.{person_id}"},
        headers={"apikey": stack.secret_key, "Prefer": "return=representation"},
        json=values,
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()) == 1, f"no profile of {person_id}"


async def subject_id(stack: StackEnv) -> str:
    """Some subject of the seed."""
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=15) as http:
        answer = await http.get(
            "/rest/v1/subjects",
            params={"select": "id", "order": "name", "limit": "1"},
            headers={"apikey": stack.publishable_key},
        )
    assert answer.status_code == 200, answer.text
    found: str = answer.json()[0]["id"]
    return found
