"""A stand-in for a Supabase project that answers its two endpoints quickly enough not to be
measured.

It lets everybody into every room: what is measured is how a server asks.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec


class Project:
    """Keys, tokens, and the HTTP server in the loop that starts it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        self._jwks = json.dumps(
            {"keys": [public | {"kid": "bench", "alg": "ES256", "use": "sig"}]}
        ).encode()
        self._people: dict[bytes, str] = {}
        self.url = ""

    async def start(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Http(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/auth/v1", "sub": str(uuid.uuid4()), "aud": "authenticated",
            "role": "authenticated", "iat": now, "exp": now + 3600,
        }  # fmt: skip
        return jwt.encode(claims, self._key, "ES256", headers={"kid": "bench"})

    def answer(self, head: bytes, body: bytes) -> bytes:
        if b"jwks.json" in head.split(b"\r\n", 1)[0]:
            return self._jwks
        token = _bearer(head)
        user = self._people.get(token)
        if user is None:
            part = token.split(b".")[1]
            claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + b"=="))
            user = self._people[token] = claims["sub"]
        room = json.loads(body)["room_id"]
        return json.dumps(
            {
                "room_id": room,
                "session_id": room,
                "user_id": user,
                "name": "Ada",
                "role": "mentor",
                "opens_at": "2026-01-01T00:00:00+00:00",
                "closes_at": "2100-01-01T00:00:00+00:00",
                "session_status": "scheduled",
                "may_join": True,
                "code": None,
            }
        ).encode()


def _bearer(head: bytes) -> bytes:
    at = head.lower().index(b"authorization: bearer ") + 22
    return head[at : head.index(b"\r\n", at)]


class _Http(asyncio.Protocol):
    def __init__(self, project: Project) -> None:
        self._project = project
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment] # uvloop's own class

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[: end + 2]
            lower = head.lower()
            length = 0
            if (at := lower.find(b"content-length: ")) >= 0:
                length = int(lower[at + 16 : lower.index(b"\r\n", at)])
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            answer = self._project.answer(head, body)
            assert self._transport is not None
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(answer), answer)
            )
