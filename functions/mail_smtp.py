"""Mail by SMTP: a few connections, each used for many mails."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from functions.errors import DeliveryFailed
from functions.mime import Letter

MAILS_PER_CONNECTION = 100
# 5.1.1 no such mailbox, 5.1.2 no such domain, 5.1.10 takes no mail, 5.2.1 mailbox switched off. An
# answer without such a code is judged by its reply code alone.
_NO_MAILBOX = re.compile(r"\b5\.(1\.(1|2|3|6|10)|2\.1)\b")
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass
class _Connection:
    client: SMTP
    used: int = 0


class SmtpPostbox:
    """Keeps as many connections as are used at once."""

    def __init__(self, url: str, mail_from: str, *, timeout: float = 15.0) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = parseaddr(mail_from)[1]
        self._timeout = timeout
        self._idle: list[_Connection] = []

    async def post(self, letter: Letter) -> None:
        content = letter.as_bytes()
        try:
            connection = await self._begin()
        except (SMTPException, OSError) as exc:
            raise DeliveryFailed(_reason(exc)) from exc
        try:
            await connection.client.rcpt(letter.reader[1], timeout=self._timeout)
            await connection.client.data(content, timeout=self._timeout)
        except (SMTPException, OSError) as exc:
            await self._after_failure(connection, exc)
            raise _failure(exc) from exc
        except BaseException:
            connection.client.close()
            raise
        await self._give_back(connection)

    async def aclose(self) -> None:
        while self._idle:
            await self._end(self._idle.pop())

    async def _begin(self) -> _Connection:
        """A connection that has taken MAIL FROM: one that the server gave up while idle has not."""
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.client.mail(self._sender, timeout=self._timeout)
            except (SMTPException, OSError):
                connection.client.close()
                continue
            return connection
        connection = _Connection(
            SMTP(
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                start_tls=False if self._tls else None,
                timeout=self._timeout,
            )
        )
        try:
            await connection.client.connect()
            await connection.client.mail(self._sender, timeout=self._timeout)
        except BaseException:
            connection.client.close()
            raise
        return connection

    async def _after_failure(self, connection: _Connection, exc: Exception) -> None:
        """Keep a connection that only refused this one mail."""
        if not isinstance(exc, SMTPResponseException) or exc.code == 421:
            connection.client.close()
            return
        try:
            await connection.client.rset(timeout=self._timeout)
        except (SMTPException, OSError):
            connection.client.close()
            return
        await self._give_back(connection)

    async def _give_back(self, connection: _Connection) -> None:
        connection.used += 1
        if connection.used < MAILS_PER_CONNECTION and connection.client.is_connected:
            self._idle.append(connection)
        else:
            await self._end(connection)

    async def _end(self, connection: _Connection) -> None:
        try:
            await connection.client.quit(timeout=2)
        except (SMTPException, OSError):
            connection.client.close()


def _failure(exc: Exception) -> DeliveryFailed:
    if not isinstance(exc, SMTPResponseException):
        return DeliveryFailed(_reason(exc))
    permanent = 500 <= exc.code < 600
    bounced = isinstance(exc, aiosmtplib.SMTPRecipientRefused) and permanent
    if bounced and exc.code != 551:
        text = str(exc.message)
        told = _ENHANCED.search(text)
        bounced = bool(_NO_MAILBOX.search(text)) if told else exc.code in (550, 553)
    return DeliveryFailed(_reason(exc), permanent=permanent, bounced=bounced, status=exc.code)


def _reason(exc: Exception) -> str:
    if isinstance(exc, SMTPResponseException):
        return f"{exc.code} {exc.message}"[:400]
    return f"{type(exc).__name__}: {exc}"[:400]
