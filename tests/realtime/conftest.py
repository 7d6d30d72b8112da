"""Two people, and the secret of the stack for tests that mint tokens."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ada(stack: StackEnv) -> Person:
    """Somebody with a session. Shared: tables are what each test has of its own."""
    return await sign_up(stack, "Ada")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bob(stack: StackEnv) -> Person:
    """Somebody else."""
    return await sign_up(stack, "Bob")


@pytest.fixture
def signing_secret(stack_data: Path) -> str:
    """The secret of the stack; from the environment when the stack was given."""
    given = os.environ.get("MENTORKIT_TEST_SUPABASE_JWT_SECRET")
    if given:
        return given
    keys = stack_data / "keys.json"
    if not keys.exists():
        pytest.skip("needs MENTORKIT_TEST_SUPABASE_JWT_SECRET")
    secret: str = json.loads(keys.read_text())["jwt_secret"]
    return secret
