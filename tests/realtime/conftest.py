"""The secret of the stack, for tests that mint tokens."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


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
