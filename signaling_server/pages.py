"""The HTTP side: health, readiness, metrics, and refusing what is not a websocket. For both
carriers.
"""

import hmac
import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from signaling_server.hub import Hub

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Page(NamedTuple):
    status: int
    body: bytes
    kind: str = JSON


def problem(status: int, code: str) -> Page:
    return Page(status, json.dumps({"code": code}).encode())


def page(hub: Hub, path: str, headers: Mapping[str, str]) -> Page:
    """Answer a plain GET."""
    if path == "/healthz":
        return Page(200, b"ok", TEXT)
    if path == "/readyz":
        return Page(200, b"ready", TEXT) if hub.ready else Page(503, b"not ready", TEXT)
    if path == "/metrics":
        wanted = hub.settings.metrics_token
        given = headers.get("authorization", "")
        if wanted and not hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode()):
            return problem(401, "unauthorized")
        return Page(200, hub.metrics.render(), "text/plain; version=0.0.4; charset=utf-8")
    if path.rstrip("/") == hub.settings.path:
        # Engine.IO's own error for a transport that is not offered: clients say so clearly.
        return Page(400, b'{"code":0,"message":"Transport unknown: use websocket"}')
    return problem(404, "not_found")


def handshake_fault(hub: Hub, path: str, query: str) -> Page | None:
    """Why a websocket upgrade is not one of Engine.IO 4, or None."""
    if path.rstrip("/") != hub.settings.path:
        return problem(404, "not_found")
    asked = parse_qs(query)
    if asked.get("EIO") != ["4"]:
        return Page(400, b'{"code":5,"message":"Unsupported protocol version"}')
    if asked.get("transport") != ["websocket"]:
        return Page(400, b'{"code":0,"message":"Transport unknown: use websocket"}')
    if "sid" in asked:
        return Page(400, b'{"code":1,"message":"Session ID unknown"}')
    return None


def client_address(peer: str, forwarded: str | None, hops: int) -> str:
    """The client's address: of the socket, or what the outermost of `hops` trusted proxies saw."""
    if hops <= 0 or not forwarded:
        return peer
    seen = [part.strip() for part in forwarded.split(",")]
    return seen[-hops] if len(seen) >= hops else seen[0]
