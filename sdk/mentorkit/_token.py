"""What an access token says about itself. Nothing here proves anything: servers verify."""

from __future__ import annotations

import base64
import json
from typing import Any


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


def is_secret(key: str) -> bool:
    """Whether an API key is one that bypasses row level security."""
    return key.startswith("sb_secret_") or claims(key).get("role") == "service_role"
