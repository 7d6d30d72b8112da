"""Tokens as a project's owner can mint them: for tests of tokens that run out, or are no good."""

from __future__ import annotations

import time

import jwt


def minted(
    secret: str, person: str, *, seconds: int = 3600, role: str | None = "authenticated"
) -> str:
    """A token for `person` that is good for that long."""
    now = int(time.time())
    claims = {"sub": person, "aud": "authenticated", "iat": now, "exp": now + seconds}
    if role is not None:
        claims["role"] = role
    return jwt.encode(claims, secret, algorithm="HS256")
