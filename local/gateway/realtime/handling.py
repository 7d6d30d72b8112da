"""What a joined channel does with a message of its client."""

from __future__ import annotations

from typing import Any

from .channel import Channel
from .database import Unavailable
from .frames import Broadcast, Incoming, dumps, encode_broadcast
from .tokens import TokenRefused

MAX_PAYLOAD_BYTES = 3_000_000


async def handle(channel: Channel, message: Incoming) -> None:
    """Answer one message."""
    match message.event, message.payload:
        case "broadcast", payload:
            broadcast(channel, message.ref, payload)
        case "presence", dict(payload):
            presence(channel, message.ref, payload)
        case "access_token", dict(payload):
            await access_token(channel, payload.get("access_token"))
        case "phx_leave", _:
            channel.reply(message.ref, "ok", {})
            channel.push("phx_close", {}, channel.join_ref)
            channel.close()
        case event, _:
            channel.reply(message.ref, "error", {"reason": f"unknown event {event}"})


def broadcast(channel: Channel, ref: str | None, payload: dict[str, Any] | Broadcast) -> None:
    """Pass the message on; an answer only when one was asked for, or when it cannot be."""
    reason = refusal(channel, payload)
    if reason is not None:
        channel.reply(ref, "error", {"reason": reason, "error": reason})
        return
    sender = None if channel.options.self_broadcast else channel
    channel.service.topics.broadcast(channel.topic, payload, sender)
    if channel.options.ack:
        channel.reply(ref, "ok", {})


def refusal(channel: Channel, payload: dict[str, Any] | Broadcast) -> str | None:
    """Why this broadcast cannot be sent."""
    if isinstance(payload, Broadcast):
        size, wishes = len(payload.body), payload.meta or {}
    else:
        size, wishes = len(dumps(payload).encode()), payload
    if not channel.rights.broadcast_write:
        return f"You do not have permissions to write to this Channel topic: {channel.topic.name}"
    if size > MAX_PAYLOAD_BYTES:
        return "payload_size_exceeded"
    if wishes.get("persist"):
        return "storing a broadcast (persist) is not supported here"
    if encode_broadcast("2.0.0", channel.wire_topic, payload) is None:
        return "topic, event and metadata must have at most 255 bytes"
    return None


def presence(channel: Channel, ref: str | None, payload: dict[str, Any]) -> None:
    """Show or hide this client, and tell the others."""
    event, shown = str(payload.get("event", "")).lower(), payload.get("payload", {})
    people, topics = channel.service.topics.presence, channel.service.topics
    if event == "track" and not isinstance(shown, dict):
        channel.reply(ref, "error", {"reason": "Presence track payload must be a map"})
    elif event == "track" and not channel.rights.presence_write:
        channel.reply(ref, "error", {"reason": "You do not have permissions to track presence"})
    elif event == "track":
        topics.tell(
            channel.topic, people.track(channel.topic, channel, channel.presence_key, shown)
        )
        channel.reply(ref, "ok", {})
    elif event == "untrack":
        topics.tell(channel.topic, people.untrack(channel.topic, channel))
        channel.reply(ref, "ok", {})
    else:
        channel.reply(ref, "error", {"reason": f"unknown presence event {event}"})


async def access_token(channel: Channel, token: object) -> None:
    """A new token: quiet when it is good, the end of the channel when it is not."""
    if not isinstance(token, str) or token.startswith("sb_") or token == channel.token:
        return
    service = channel.service
    try:
        claims = service.tokens.claims_of(token)
        rights = await service.rights(channel.topic, claims, channel.link.headers)
    except TokenRefused as exc:
        channel.shut_down(exc.message)
        return
    except Unavailable:
        channel.shut_down("Realtime was unable to connect to the project database")
        return
    if (channel.rights.broadcast_read and not rights.broadcast_read) or (
        channel.rights.presence_read and not rights.presence_read
    ):
        channel.shut_down(
            f"You no longer have permission to read from this Channel topic: {channel.topic.name}"
        )
        return
    channel.accept(token, claims, rights)
    channel.subscribe_again()
