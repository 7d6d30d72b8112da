"""The two endpoints of Supabase that admission asks, over real HTTP, with faults on demand.

Rooms and people are made here in one line, and an outage is a switch; the same stories run against
the whole stack in `test_stack.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.wait import eventually

KEY = "sb_publishable_test"


@dataclass(frozen=True)
class Someone:
    id: str
    token: str
    name: str


@dataclass
class Project:
    """A small project: `outage` makes every answer a 503, `hang` makes none come."""

    url: str = ""
    outage: bool = False
    auth_outage: bool = False
    hs256: bool = False
    kid: str = "first"
    signing_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: str = "an HS256 secret that is long enough"
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    key_requests: int = 0
    room_requests: int = 0

    def someone(self, name: str = "Ada", *, seconds: float = 3600) -> Someone:
        """A signed-in person."""
        user = str(uuid.uuid4())
        self.users[user] = name
        return Someone(user, self.token(user, seconds=seconds), name)

    def token(self, user: str, *, seconds: float = 3600, **claims: Any) -> str:
        """An access token as auth issues it; `claims` overrides, None leaves one out."""
        now = int(time.time())
        body = {
            "iss": f"{self.url}/auth/v1",
            "sub": user,
            "aud": "authenticated",
            "role": "authenticated",
            "iat": now,
            "exp": now + seconds,
            "session_id": str(uuid.uuid4()),
        } | claims
        body = {name: value for name, value in body.items() if value is not None}
        if self.hs256:
            return jwt.encode(body, self.secret, "HS256")
        return jwt.encode(body, self.signing_key, "ES256", headers={"kid": self.kid})

    def room(self, *people: Someone, code: str | None = None, seconds: float = 3600) -> str:
        """A room for these people; the first is the mentor."""
        room = f"room-{uuid.uuid4().hex[:8]}"
        self.rooms[room] = {
            "people": [one.id for one in people],
            "code": code,
            "closes": time.time() + seconds,
            "status": "scheduled",
        }
        return room

    def jwks(self) -> dict[str, Any]:
        if self.hs256:
            return {"keys": []}
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.signing_key.public_key()))
        return {"keys": [public | {"kid": self.kid, "alg": "ES256", "use": "sig"}]}

    # The endpoints.

    async def keys(self, request: Request) -> Response:
        self.key_requests += 1
        if self.outage or self.auth_outage:
            return JSONResponse({"message": "down"}, 503)
        return JSONResponse(self.jwks())

    async def user(self, request: Request) -> Response:
        if self.outage or self.auth_outage:
            return JSONResponse({"message": "down"}, 503)
        try:
            user = self._caller(request)
        except jwt.PyJWTError:
            return JSONResponse({"code": "bad_jwt"}, 403)
        return JSONResponse({"id": user, "aud": "authenticated", "role": "authenticated"})

    async def room_access(self, request: Request) -> Response:
        self.room_requests += 1
        if self.outage:
            return JSONResponse({"code": "PGRST002", "message": "down"}, 503)
        try:
            user = self._caller(request)
        except jwt.PyJWTError:
            return JSONResponse({"code": "PGRST301", "message": "JWT"}, 401)
        room_id = (await request.json())["room_id"]
        return JSONResponse(self._decide(user, room_id))

    def _caller(self, request: Request) -> str:
        assert request.headers["apikey"] == KEY
        token = request.headers["authorization"].removeprefix("Bearer ")
        key: Any = self.secret if self.hs256 else self.signing_key.public_key()
        kind = "HS256" if self.hs256 else "ES256"
        claims = jwt.decode(token, key, [kind], audience="authenticated")
        if claims["sub"] in self.revoked:
            raise jwt.InvalidTokenError("revoked")
        return str(claims["sub"])

    def _decide(self, user: str, room_id: str) -> dict[str, Any]:
        room = self.rooms.get(room_id)
        answer: dict[str, Any] = {"room_id": room_id, "user_id": user, "may_join": False}
        if room is None:
            return answer | {"code": "unknown_room"}
        if user not in room["people"]:
            return answer | {"code": "not_a_participant"}
        if room["status"] in ("cancelled", "completed"):
            return answer | {"code": "session_over", "session_status": room["status"]}
        if room["code"] is not None:
            return answer | {"code": room["code"]}
        closes = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(room["closes"]))
        return answer | {
            "may_join": True,
            "code": None,
            "session_id": str(uuid.uuid5(uuid.NAMESPACE_URL, room_id)),
            "name": self.users[user],
            "role": "mentor" if room["people"][0] == user else "student",
            "opens_at": "2026-01-01T00:00:00+00:00",
            "closes_at": closes,
            "session_status": room["status"],
        }

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/auth/v1/.well-known/jwks.json", self.keys),
                Route("/auth/v1/user", self.user),
                Route("/rest/v1/rpc/room_access", self.room_access, methods=["POST"]),
            ]
        )


class Server(uvicorn.Server):
    """Uvicorn on a free port, in this loop, leaving signals to the test."""

    @classmethod
    async def start(cls, app: Any, **options: Any) -> Server:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="critical", access_log=False, **options
        )
        server = cls(config)
        server.task = asyncio.ensure_future(server._serve())

        async def is_up() -> bool:
            if server.task.done():
                server.task.result()
            return server.started

        await eventually(is_up, within=30)
        return server

    task: asyncio.Future[None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.should_exit = True
        await self.task

    async def hang_up(self) -> None:
        """End at once what has no lifespan: an orderly end takes uvicorn a fifth of a second."""
        self.task.cancel()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for server in self.servers:
            server.close()
        await asyncio.wait([self.task])
