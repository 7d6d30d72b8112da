"""Sessions of users: kept, taken up, refreshed, and never mixed up."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import keyring.backend
import pytest

from mentorkit import AsyncMentorkit, FileStorage, KeyringStorage, MemoryStorage, Storage
from mentorkit.errors import NotSignedIn
from tests.sdk.clocks import FastClock
from tests.sdk.faces import Face
from tests.support.people import PASSWORD, sign_up
from tests.support.stack import StackEnv


class RingInMemory(keyring.backend.KeyringBackend):
    """A key ring as the operating system has one, for this test."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(params=["memory", "file", "keyring"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryStorage()
    if request.param == "file":
        return FileStorage(tmp_path / "deep" / "session.json")
    keyring.set_keyring(RingInMemory())
    return KeyringStorage("mentorkit-test")


async def test_a_session_is_taken_up_from_storage(face: Face, storage: Storage) -> None:
    first = await face.person("Ada", storage=storage)
    second = face.client(storage=storage)
    assert (await second.auth.restore()).id == first.id
    assert (await second.profiles.get()).name == "Ada"
    await second.auth.sign_out()
    assert await face.client(storage=storage).auth.restore() is None


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    storage = FileStorage(path)
    storage.write("a", "1")
    storage.write("b", "2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    storage.remove("a")
    storage.remove("a")
    assert (storage.read("a"), storage.read("b")) == (None, "2")
    assert list(tmp_path.iterdir()) == [path], "no half-written file is left"
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        storage.read("b")
    path.chmod(0o600)
    path.write_text('{"b": "2')
    assert storage.read("b") is None


@pytest.mark.parametrize("face", ["async"], indirect=True)  # the clock is shared code
async def test_an_expired_token_is_renewed_by_the_next_call(face: Face) -> None:
    clock = FastClock()
    ada = await face.person("Ada", clock=clock)
    before = await ada.client.auth.access_token()
    clock.passed += 24 * 3600
    calls = (ada.client.requests.pending() for _ in range(20))
    assert await asyncio.gather(*calls) == [[]] * 20, "twenty calls notice, one renews"
    assert await ada.client.auth.access_token() != before


async def test_a_token_of_somebody_else_serves_for_one_request(stack: StackEnv) -> None:
    person = await sign_up(stack, "Ada")
    async with AsyncMentorkit(stack.supabase_url, stack.publishable_key) as app:
        async with app.as_user(person.access_token) as ada:
            assert ada.auth.user is not None
            assert str(ada.auth.user.id) == person.id
            assert (await ada.profiles.get()).name == "Ada"
            with pytest.raises(NotSignedIn, match="given"):
                await ada.auth.sign_in(email=person.email, password=PASSWORD)
        assert await app.subjects.list(), "closing the user's client closed only that"

        async def token() -> str:
            return person.access_token

        async with app.as_user(token) as ada:
            assert str(await ada.auth.user_id()) == person.id


async def test_fifty_users_on_one_process_stay_apart(stack: StackEnv) -> None:
    people = [await sign_up(stack, f"User {number}") for number in range(10)]
    async with AsyncMentorkit(stack.supabase_url, stack.publishable_key) as app:

        async def one_request(number: int) -> tuple[str, str, UUID]:
            person = people[number % len(people)]
            async with app.as_user(person.access_token) as client:
                profile = await client.profiles.get()
                renamed = await client.profiles.update(bio=person.email)
                assert renamed.bio == person.email
                return person.id, profile.name, profile.id

        seen = await asyncio.gather(*(one_request(number) for number in range(50)))
    for number, (who, name, profile) in enumerate(seen):
        assert (who, name) == (str(profile), f"User {number % len(people)}")
