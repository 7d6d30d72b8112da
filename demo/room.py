"""Two peers meet in a room over Socket.IO, as browsers do, and exchange what a call needs."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import socketio

PATIENCE = 10.0


class NotAdmitted(Exception):
    """The signaling server refused; carries its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Peer:
    """One connection to the signaling server, for one signed-in user."""

    def __init__(self, signaling_url: str, token: str) -> None:
        self._url = signaling_url
        self._token = token
        self._socket = socketio.AsyncClient(reconnection=False)
        self._signals: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._socket.on("signal", self._signals.put)

    async def __aenter__(self) -> Self:
        await self._socket.connect(
            self._url, auth={"token": self._token}, transports=["websocket"], wait_timeout=PATIENCE
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._socket.disconnect()

    async def join(self, room: str) -> dict[str, Any]:
        """Enter a room; raises `NotAdmitted` with the server's code."""
        return await self._ask("join", {"room": room})

    async def refused(self, room: str, code: str) -> str:
        """Joining must be refused with exactly this code; gives code and sentence."""
        try:
            await self.join(room)
        except NotAdmitted as refusal:
            if refusal.code == code:
                return str(refusal)
            raise
        raise NotAdmitted("admitted", f"was let in, but must be refused with {code}")

    async def signal(self, to: str, **payload: object) -> None:
        """Send a description or a candidate to one peer of the room."""
        await self._ask("signal", {"to": to, **payload})

    async def next_signal(self) -> dict[str, Any]:
        """What a peer sent; each signal once, in order."""
        async with asyncio.timeout(PATIENCE):
            return await self._signals.get()

    async def _ask(self, event: str, payload: dict[str, object]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._socket.call(event, payload, timeout=PATIENCE) or {}
        if error := answer.get("error"):
            raise NotAdmitted(error["code"], error["message"])
        return answer


async def exchange(first: Peer, first_id: str, second: Peer, second_id: str) -> None:
    """The member already there offers, the newcomer answers, both trickle a candidate."""
    offer = {"type": "offer", "sdp": "v=0\r\ns=offer\r\n"}
    answer = {"type": "answer", "sdp": "v=0\r\ns=answer\r\n"}
    candidate = {
        "candidate": "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
    }
    await first.signal(second_id, description=offer)
    await first.signal(second_id, candidate=candidate)
    await second.signal(first_id, description=answer)
    await second.signal(first_id, candidate=candidate)
    for peer, sender, description in ((second, first_id, offer), (first, second_id, answer)):
        for part in ({"description": description}, {"candidate": candidate}):
            arrived = await peer.next_signal()
            if arrived.get("from") != sender or not part.items() <= arrived.items():
                raise RuntimeError(f"what arrived is not what was sent: {arrived}")
