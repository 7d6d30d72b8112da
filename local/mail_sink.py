"""A mail server that delivers nothing: it keeps each mail as a file in the data directory.

A mail that comes twice under one Message-ID is kept once, as a mailbox would show it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from local.ports import HOST

LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True)
class Mail:
    """One mail that was caught."""

    file: Path
    received: datetime
    message: EmailMessage

    @property
    def name(self) -> str:
        return self.file.stem

    @property
    def text(self) -> str:
        """What it says, without mark-up."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""

    @property
    def html(self) -> str:
        body = self.message.get_body(("html",))
        return str(body.get_content()) if body is not None else ""

    def as_json(self) -> dict[str, object]:
        """What `python -m local mail --json` tells of it."""
        headers = {name: str(self.message[name] or "") for name in ("to", "from", "subject")}
        return {
            **headers,
            "kind": str(self.message["X-Mentorkit-Kind"] or ""),
            "received": self.received.isoformat(),
            "attachments": [part.get_filename() for part in self.message.iter_attachments()],
            "text": self.text,
            "file": str(self.file),
        }


def caught(folder: Path) -> list[Mail]:
    """Every mail in the folder, the oldest first."""
    return sorted((read(file) for file in folder.glob("*.eml")), key=lambda mail: mail.received)


def read(file: Path) -> Mail:
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return Mail(file, datetime.fromtimestamp(file.stat().st_mtime, UTC), message)


@asynccontextmanager
async def mail_sink(folder: Path, port: int) -> AsyncIterator[None]:
    """Listen for mail as long as the context lasts."""
    loop = asyncio.get_running_loop()
    handler = _Keeper(folder)
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=LARGEST, enable_SMTPUTF8=True, loop=loop), HOST, port
    )
    try:
        yield
    finally:
        server.close()


class _Keeper:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder

    # aiosmtpd calls it by this name.
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        message = message_from_bytes(raw, policy=default)
        known = str(message["Message-ID"] or "").encode() or raw
        name = hashlib.sha256(known).hexdigest()[:16]
        scratch = self._folder / f"{name}.part"
        scratch.write_bytes(raw)
        scratch.replace(self._folder / f"{name}.eml")
        return "250 kept"
