"""Joining: from a phx_join message to an open channel, or to the reason why not."""

from __future__ import annotations

import logging

from .channel import Channel, Link
from .database import Unavailable
from .frames import Incoming, dumps, encode, encode_broadcast
from .joining import entries, entry_id, mapping, options, replay
from .service import Service
from .tokens import TokenRefused
from .topics import Topic

log = logging.getLogger(__name__)

PREFIX = "realtime:"


class JoinRefused(Exception):
    """The client may not join; the message is the reason it is told, with its code."""


async def admit(service: Service, link: Link, key: str, message: Incoming) -> Channel:
    """Open the channel and answer the client. Raises JoinRefused."""
    name = message.topic.removeprefix(PREFIX)
    if not message.topic.startswith(PREFIX) or not name:
        raise JoinRefused("TopicNameRequired: You must provide a topic name")
    payload = message.payload if isinstance(message.payload, dict) else {}
    config = mapping(payload.get("config"))
    wanted = options(config)
    channel = Channel(service, link, Topic(name, wanted.private), message, wanted)
    token = payload.get("access_token") or payload.get("user_token")
    # A key in place of a token means: whoever the connection is.
    if not isinstance(token, str) or token.startswith("sb_"):
        token = key
    try:
        claims = service.tokens.claims_of(token)
        rights = await service.rights(channel.topic, claims, link.headers)
        if not rights.broadcast_read and not rights.presence_read:
            raise JoinRefused(
                f"Unauthorized: You do not have permissions to read from this Channel topic: {name}"
            )
        wish = replay(config)
        if wish is not None and not wanted.private:
            raise ValueError("Replay is not allowed for public channels")
        wishes = entries(config)
        if wishes and not service.streaming.is_set():
            await service.stream_ready()
        stored = await service.replay(channel.topic, wish) if wish else []
    except TokenRefused as exc:
        raise JoinRefused(f"{exc.code}: {exc.message}") from exc
    except ValueError as exc:
        raise JoinRefused(f"UnableToReplayMessages: {exc}") from exc
    except Unavailable as exc:
        log.warning("join of %r: %s", name, exc)
        raise JoinRefused(
            "UnableToConnectToProject: Realtime was unable to connect to the project database"
        ) from exc

    channel.accept(token, claims, rights)

    def answer(problem: str | None = None) -> None:
        if problem is not None:
            channel.reply(message.ref, "error", {"reason": problem})
            channel.close()
            return
        with_ids = [{**entry, "id": entry_id(entry)} for entry in wishes]
        channel.reply(message.ref, "ok", {"postgres_changes": with_ids})

    if not (wanted.wait and wishes):
        answer()
    channel.open()
    if wanted.presence and rights.presence_read:
        state = dumps(service.topics.presence.state(channel.topic))
        channel.send(
            encode(
                channel.version,
                channel.wire_topic,
                "presence_state",
                state,
                join_ref=channel.join_ref,
            )
        )
    if wanted.replication_ready:
        channel.system("system", "ok", "Replication connection established")
    for old in stored if rights.broadcast_read else ():
        frame = encode_broadcast(channel.version, channel.wire_topic, old)
        if frame is not None:
            channel.send(frame)
    channel.subscribe(wishes, answer if wanted.wait else None)
    return channel
