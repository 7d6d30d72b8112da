"""How a client speaks to each server: the words differ, the load does not.

A dialect is asked what to send when a frame arrives until it says that the peer is paired; then it
gives the frames of the load: one offer of 1.5 KB to three candidates of 200 bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

_LINE = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
DESCRIPTION = {"type": "offer", "sdp": "v=0\r\n" + _LINE * 21}
CANDIDATE = {
    "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.7"
    " rport 46154 generation 0 ufrag 7Jzk network-cost 999",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "7Jzk",
}


@dataclass
class Told:
    """What a dialect learnt from a frame."""

    send: list[bytes] = field(default_factory=list)
    admitted: bool = False
    joined: bool = False
    partner: str | None = None


class Dialect(Protocol):
    greets: bool
    """Whether a client alone is told that it is in; a bare relay says nothing to the first."""

    def url(self, base: str, peer: str, room: str) -> str: ...

    def told(self, frame: bytes, token: str, room: str, *, join: bool) -> Told: ...

    def load(self, partner: str) -> list[bytes]: ...


class SocketIo:
    """Ours, Node's socket.io and python-socketio."""

    greets = True

    def url(self, base: str, peer: str, room: str) -> str:
        return f"{base}/socket.io/?EIO=4&transport=websocket"

    def told(self, frame: bytes, token: str, room: str, *, join: bool) -> Told:
        if frame.startswith(b"0"):
            return Told(send=[b"40" + json.dumps({"token": token}).encode()])
        if frame.startswith(b"40"):
            wish = b'420["join",' + json.dumps({"room": room}).encode() + b"]"
            return Told(send=[wish] if join else [], admitted=True)
        if frame.startswith(b"430"):
            answer = json.loads(frame[3:])[0]
            assert "error" not in answer, answer
            peers = answer["peers"]
            return Told(joined=True, partner=peers[0]["peer"] if peers else None)
        if frame.startswith(b'42["peer-joined"'):
            return Told(partner=json.loads(frame[2:])[1]["peer"])
        if frame == b"2":
            return Told(send=[b"3"])
        assert not frame.startswith(b"44"), frame
        return Told()

    def load(self, partner: str) -> list[bytes]:
        def signal(**payload: Any) -> bytes:
            event = ["signal", {"to": partner, **payload}]
            return b"42" + json.dumps(event, separators=(",", ":")).encode()

        candidate = signal(candidate=CANDIDATE)
        return [signal(description=DESCRIPTION), candidate, candidate, candidate]


class PeerJs:
    """The PeerJS server: a socket is a peer at once, under an id of its own choosing."""

    greets = True

    def url(self, base: str, peer: str, room: str) -> str:
        return f"{base}/peerjs?key=peerjs&id={peer}&token=t&version=1.5.5"

    def told(self, frame: bytes, token: str, room: str, *, join: bool) -> Told:
        opened = b'"OPEN"' in frame
        return Told(admitted=opened, joined=opened)

    def load(self, partner: str) -> list[bytes]:
        def message(kind: str, payload: Any) -> bytes:
            body = {"type": kind, "dst": partner, "payload": payload}
            return json.dumps(body, separators=(",", ":")).encode()

        candidate = message("CANDIDATE", CANDIDATE)
        return [message("OFFER", DESCRIPTION), candidate, candidate, candidate]


class Bare:
    """The bare relays: the first two of a room are joined."""

    greets = False

    def url(self, base: str, peer: str, room: str) -> str:
        return f"{base}/?room={room}"

    def told(self, frame: bytes, token: str, room: str, *, join: bool) -> Told:
        paired = frame == b"paired"
        return Told(admitted=paired, joined=paired, partner="partner" if paired else None)

    def load(self, partner: str) -> list[bytes]:
        return SocketIo().load(partner)
