"""A bot that answers a call: joins a room, answers whoever offers, and sends back a test picture.

    pip install 'mentorkit[aiortc]'
    SUPABASE_URL=... SUPABASE_PUBLISHABLE_KEY=... SIGNALING_URL=... \
        BOT_EMAIL=... BOT_PASSWORD=... python examples/bot.py room-a3b5c7d9

Signaling goes through mentorkit, media through aiortc. aiortc gathers candidates before it
answers, so they are in the description, and it makes no candidates of its own to send.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaBlackhole
from aiortc.mediastreams import VideoStreamTrack
from aiortc.sdp import candidate_from_sdp

from mentorkit import AsyncMentorkit, AsyncRoom, PeerJoined, PeerLeft, Signal


class Bot:
    """One call in one room. The other's media is taken and thrown away."""

    def __init__(self, room: AsyncRoom, on_state: Callable[[str], None] = print) -> None:
        self._room = room
        self._on_state = on_state
        self._sink = MediaBlackhole()
        self._call = self._new_call()

    def _new_call(self) -> RTCPeerConnection:
        servers = [RTCIceServer(**_known(server)) for server in self._room.ice_servers]
        call = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        call.addTrack(VideoStreamTrack())
        call.on("track", self._sink.addTrack)
        call.on("connectionstatechange", lambda: self._on_state(call.connectionState))
        return call

    async def run(self) -> None:
        """Take part until the room closes or the iteration is ended by leaving."""
        async for event in self._room:
            if isinstance(event, PeerJoined):
                await self._offer(event.peer.peer)
            elif isinstance(event, Signal):
                await self._hear(event)
            elif isinstance(event, PeerLeft):
                await self._call.close()
                self._call = self._new_call()

    async def close(self) -> None:
        """Hang up."""
        await self._call.close()
        await self._sink.stop()

    async def _offer(self, to: str) -> None:
        """Whoever was there first makes the first offer."""
        await self._call.setLocalDescription(await self._call.createOffer())
        await self._send(to)

    async def _hear(self, signal: Signal) -> None:
        if signal.description is not None:
            told = RTCSessionDescription(signal.description["sdp"], signal.description["type"])
            await self._call.setRemoteDescription(told)
            if told.type == "offer":
                await self._call.setLocalDescription(await self._call.createAnswer())
                await self._send(signal.sender)
            await self._sink.start()
        elif signal.candidate and signal.candidate.get("candidate"):
            candidate = candidate_from_sdp(signal.candidate["candidate"].removeprefix("candidate:"))
            candidate.sdpMid = signal.candidate.get("sdpMid")
            candidate.sdpMLineIndex = signal.candidate.get("sdpMLineIndex")
            await self._call.addIceCandidate(candidate)

    async def _send(self, to: str) -> None:
        mine = self._call.localDescription
        await self._room.signal(to, description={"type": mine.type, "sdp": mine.sdp})


def _known(server: dict[str, Any]) -> dict[str, Any]:
    return {name: server[name] for name in ("urls", "username", "credential") if name in server}


async def main(room_id: str) -> None:
    url, key = os.environ["SUPABASE_URL"], os.environ["SUPABASE_PUBLISHABLE_KEY"]
    async with AsyncMentorkit(url, key) as kit:
        await kit.auth.sign_in(email=os.environ["BOT_EMAIL"], password=os.environ["BOT_PASSWORD"])
        async with await kit.rooms.join(room_id, signaling_url=os.environ["SIGNALING_URL"]) as room:
            bot = Bot(room)
            try:
                await bot.run()
            finally:
                await bot.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
