"""The realtime wire (Phoenix, version 1.0.0): frames out, frames in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

PHOENIX = "phoenix"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the server."""

    topic: str
    event: str
    payload: dict[str, Any]
    ref: str | None


def socket_url(url: str, key: str) -> str:
    """Where the websocket is, for the URL of a project."""
    scheme, host, path, _, _ = urlsplit(url)
    path = path.rstrip("/") + "/realtime/v1/websocket"
    query = urlencode({"apikey": key, "vsn": "1.0.0"})
    return urlunsplit(("wss" if scheme == "https" else "ws", host, path, query, ""))


def encode(
    topic: str, event: str, payload: dict[str, Any], ref: str, join_ref: str | None = None
) -> str:
    """A message to the server."""
    frame = {"topic": topic, "event": event, "payload": payload, "ref": ref}
    if join_ref is not None:
        frame["join_ref"] = join_ref
    return json.dumps(frame, separators=(",", ":"))


def decode(text: str | bytes) -> Frame | None:
    """A message of the server; None for one that this version does not know how to read."""
    try:
        frame = json.loads(text)
        payload = frame.get("payload")
        return Frame(
            topic=frame["topic"],
            event=frame["event"],
            payload=payload if isinstance(payload, dict) else {},
            ref=frame.get("ref"),
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def join_payload(
    bindings: list[dict[str, str]], token: str, *, private: bool = False
) -> dict[str, Any]:
    """What a join says: which changes, for whom."""
    return {
        "config": {
            "broadcast": {"ack": False, "self": False},
            "presence": {"key": "", "enabled": False},
            "private": private,
            "postgres_changes": bindings,
        },
        "access_token": token,
    }
