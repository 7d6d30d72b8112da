"""The service works for nobody in particular, and can never be taken for a user."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mentorkit import AsyncMentorkit, AsyncService, Mentorkit, Service
from mentorkit.errors import NotAllowed, WrongKey
from tests.sdk.faces import Face
from tests.support.stack import StackEnv


async def test_timed_work_is_the_services(stack: StackEnv) -> None:
    async with AsyncService(stack.supabase_url, stack.secret_key) as service:
        done = await service.timed_work(max_items=10)
        assert all(isinstance(count, int) for count in done.values())
        assert await service.schema_version()
        assert await service.call("schema_version", safe=True) == await service.schema_version()
    with Service(stack.supabase_url, stack.secret_key) as plain:
        assert await asyncio.to_thread(plain.schema_version)


def test_each_refuses_the_key_of_the_other(stack: StackEnv) -> None:
    user: Any
    service: Any
    for user in (AsyncMentorkit, Mentorkit):
        with pytest.raises(WrongKey, match="secret"):
            user(stack.supabase_url, stack.secret_key)
    for service in (AsyncService, Service):
        with pytest.raises(WrongKey, match="publishable"):
            service(stack.supabase_url, stack.publishable_key)
        assert not hasattr(service, "auth"), "it cannot sign in"


async def test_a_user_has_no_part_in_timed_work(async_face: Face) -> None:
    user = await async_face.person("Ada")
    transport = user.client.requests._transport
    from mentorkit._calls import function

    with pytest.raises(NotAllowed):
        await transport.run(function("timed_work", {}, dict))
