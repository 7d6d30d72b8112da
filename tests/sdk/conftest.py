"""What the tests of the SDK share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sdk.faces import Face
from tests.support.stack import StackEnv


@pytest_asyncio.fixture(params=["async", "sync"])
async def face(request: pytest.FixtureRequest, stack: StackEnv) -> AsyncIterator[Face]:
    """Each test that takes this runs once with each face."""
    made = Face(request.param, stack)
    yield made
    await made.close()
    if made.kind == "async":
        await no_task_left()


@pytest_asyncio.fixture
async def async_face(stack: StackEnv) -> AsyncIterator[Face]:
    """For what only concerns the async face."""
    made = Face("async", stack)
    yield made
    await made.close()
    await no_task_left()


async def no_task_left() -> None:
    """Whoever closes a client has nothing of it running."""
    here = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not here and "mentorkit" in repr(task)]
    assert not left, left
