"""Gateways of a test's own: served in its event loop, over the database of the shared stack."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from local.gateway.app import create_gateway
from local.gateway.settings import GatewaySettings

Make = Callable[..., contextlib.AbstractAsyncContextManager["Gateway"]]


class Clock:
    """A clock that can be turned forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass(frozen=True)
class Gateway:
    """A running gateway and a client that sends its publishable key."""

    url: str
    publishable_key: str
    secret_key: str
    clock: Clock
    http: httpx.AsyncClient

    @property
    def secret(self) -> dict[str, str]:
        """What a server sends instead of the publishable key."""
        return {"apikey": self.secret_key}

    async def auth(self, method: str, path: str, **sent: Any) -> httpx.Response:
        return await self.http.request(method, f"/auth/v1{path}", **sent)

    async def sign_up(self, email: str, password: str = "correct horse") -> dict[str, Any]:
        answer = await self.auth("POST", "/signup", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def sign_in(self, email: str, password: str = "correct horse") -> httpx.Response:
        sent = {"email": email, "password": password}
        return await self.auth("POST", "/token?grant_type=password", json=sent)

    async def refresh(self, token: str) -> httpx.Response:
        sent = {"refresh_token": token}
        return await self.auth("POST", "/token?grant_type=refresh_token", json=sent)

    async def user(self, session: dict[str, Any]) -> httpx.Response:
        return await self.auth("GET", "/user", headers=bearer(session))


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['access_token']}"}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code of a refusal, as the header says it."""
    return answer.status_code, answer.headers.get("x-sb-error-code", "")


def configured(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=1
    )


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a bound socket until the block ends."""
    server = uvicorn.Server(configured(app))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if running.done():
            running.result()
            raise AssertionError("the server ended before it had started")
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await running


def bound() -> tuple[socket.socket, str]:
    """A socket on a free port, and its address."""
    # asyncio turns Nagle's delay off only where the protocol is named.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def threaded_gateway(**settings: Any) -> Iterator[str]:
    """The address of a gateway that serves tests of several event loops."""
    listener, url = bound()
    app = create_gateway(GatewaySettings(url=url, **settings))
    server = uvicorn.Server(configured(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="gateway")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the gateway ended before it had started"
            time.sleep(0.01)
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextlib.asynccontextmanager
async def running_gateway(**settings: Any) -> AsyncIterator[Gateway]:
    """A gateway on a free port; `settings` are those of GatewaySettings but its url."""
    listener, url = bound()
    clock = Clock()
    made = GatewaySettings(url=url, **settings)
    async with (
        serving(create_gateway(made, clock=clock), listener),
        talking_to(url, made.keys.publishable, made.keys.secret, clock) as gateway,
    ):
        yield gateway


@contextlib.asynccontextmanager
async def talking_to(
    url: str, publishable_key: str, secret_key: str, clock: Clock
) -> AsyncIterator[Gateway]:
    """A gateway that runs already."""
    headers = {"apikey": publishable_key}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as http:
        yield Gateway(url, publishable_key, secret_key, clock, http)
