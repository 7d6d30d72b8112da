"""ICE servers with credentials that a TURN server can check without asking anybody (coturn's
REST scheme).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from signaling_server.settings import Settings


@dataclass(frozen=True, slots=True)
class IceServers:
    """What goes into RTCConfiguration.iceServers; `expires_at` is None without TURN."""

    servers: tuple[dict[str, Any], ...]
    expires_at: int | None


def ice_servers(settings: Settings, user: str, now: float) -> IceServers:
    """Servers for one person; the TURN password is good for `turn_seconds` from now."""
    servers: list[dict[str, Any]] = []
    if settings.stun_urls:
        servers.append({"urls": list(settings.stun_urls)})
    if not settings.turn_urls:
        return IceServers(tuple(servers), None)
    expires_at = int(now) + settings.turn_seconds
    username = f"{expires_at}:{user}"
    # SHA-1 is what coturn's use-auth-secret computes; it is a MAC here, not a bare digest.
    mac = hmac.digest(settings.turn_secret.encode(), username.encode(), hashlib.sha1)
    servers.append(
        {
            "urls": list(settings.turn_urls),
            "username": username,
            "credential": base64.b64encode(mac).decode(),
        }
    )
    return IceServers(tuple(servers), expires_at)
