"""What an access token says about itself. Nothing here proves anything: servers verify."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Self


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified; empty for anything else."""
    try:
        _, middle, _ = token.split(".")
        padded = middle + "=" * (-len(middle) % 4)
        found = json.loads(base64.urlsafe_b64decode(padded))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def expiry(token: str) -> float | None:
    """When it ends to be valid, in seconds since 1970, or None."""
    at = claims(token).get("exp")
    return float(at) if isinstance(at, (int, float)) else None


def refresh_due(token: str) -> float | None:
    """When to have a new one: a minute before, or sooner in the life of a short-lived token."""
    expires = expiry(token)
    if expires is None:
        return None
    issued = claims(token).get("iat")
    lifetime = expires - issued if isinstance(issued, (int, float)) else 3600.0
    return expires - min(60.0, lifetime / 4)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what it says, read once."""

    text: str
    subject: str | None
    due: float | None
    """When to have a new one."""

    @classmethod
    def read(cls, text: str) -> Self:
        """What this token says."""
        subject = claims(text).get("sub")
        return cls(text, subject if isinstance(subject, str) else None, refresh_due(text))


def is_secret(key: str) -> bool:
    """Whether an API key is one that bypasses row level security."""
    return key.startswith("sb_secret_") or claims(key).get("role") == "service_role"
