"""Servers that receive what the functions send: mail by SMTP, calls by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class MailServer:
    """A mail server on a port of its own."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """What to answer to RCPT for an address, e.g. "550 5.1.1 no such mailbox"."""
    fail_data: list[str] = field(default_factory=list)
    """What to answer to the next mails' content, one by one."""
    silent: bool = False
    """Take the content and never answer."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def received(self) -> list[EmailMessage]:
        return [parse_mail(content) for content in self.raw]

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.received if address in str(mail["To"])]

    # aiosmtpd looks for methods of these names.
    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.silent:
            await asyncio.Event().wait()
        if self.fail_data:
            return self.fail_data.pop(0)
        content = envelope.content
        self.raw.append(content if isinstance(content, bytes) else (content or "").encode())
        return "250 taken"


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: SMTP(server, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def parse_mail(content: bytes) -> EmailMessage:
    parsed = message_from_bytes(content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def calendar_of(mail: EmailMessage) -> bytes | None:
    """The calendar file of a mail."""
    for part in mail.iter_attachments():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content
    return None


@dataclass(frozen=True)
class Call:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class CallServer:
    """An HTTP server on a port of its own."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """What to answer to the next calls, one by one; then 204."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.calls.append(Call(request.url.path, dict(request.headers), body))
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        return Response(status_code=status, headers=headers)


@asynccontextmanager
async def call_server() -> AsyncIterator[CallServer]:
    server = CallServer()
    app = Starlette(routes=[Route("/{rest:path}", server.take, methods=["GET", "POST"])])
    async with serving(app) as port:
        server.port = port
        yield server


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """An ASGI app on a port of its own, in this loop."""
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(), name="server")
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def links_in(mail: EmailMessage) -> Iterator[str]:
    """The addresses in a mail's text."""
    body = mail.get_body(("plain",))
    assert body is not None
    for word in body.get_content().split():
        if word.startswith(("http://", "https://")):
            yield word
