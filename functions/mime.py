"""A mail as bytes. Our mails have one shape, so it is written directly: the standard library parses
every header and body it is given, which takes longer than all other work on a mail together.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.header import Header
from email.utils import formataddr

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LINE = 76


@dataclass(frozen=True)
class Letter:
    """A mail that is ready to go. `id` is the same in every attempt, so that a mailbox can tell."""

    id: str
    sender: tuple[str, str]
    """Name and address."""
    reader: tuple[str, str]
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers, in ASCII."""
    calendar: bytes = b""
    method: str = ""
    """The METHOD of the calendar file."""

    def __post_init__(self) -> None:
        for _, address in (self.sender, self.reader):
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"no address: {address[:100]!r}")
        for name, value in self.headers.items():
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"the header {name} is not plain text")

    @property
    def calendar_type(self) -> str:
        return f'text/calendar; method={self.method}; charset="utf-8"; name="session.ics"'

    def as_bytes(self) -> bytes:
        """The message as SMTP carries it."""
        mark = "=_" + self.id.replace("-", "")
        parts: list[bytes] = []
        parts += self._head(mark)
        parts += _part(f"{mark}_a", "text/plain", self.text.encode())
        parts += _part(f"{mark}_a", "text/html", self.html.encode())
        parts.append(f"--{mark}_a--\r\n".encode())
        if self.calendar:
            parts.append(f"\r\n--{mark}_m\r\n".encode())
            parts.append(f"Content-Type: {self.calendar_type}\r\n".encode())
            parts.append(b'Content-Disposition: attachment; filename="session.ics"\r\n')
            parts += _base64(self.calendar)
            parts.append(f"--{mark}_m--\r\n".encode())
        return b"".join(parts)

    def _head(self, mark: str) -> Iterator[bytes]:
        named = {
            "From": address(*self.sender),
            "To": address(*self.reader),
            "Subject": _words(self.subject, len("Subject: ")),
            **self.headers,
            "MIME-Version": "1.0",
        }
        for name, value in named.items():
            yield f"{name}: {value}\r\n".encode("ascii")
        alternative = f'Content-Type: multipart/alternative; boundary="{mark}_a"\r\n\r\n'
        if self.calendar:
            yield f'Content-Type: multipart/mixed; boundary="{mark}_m"\r\n\r\n'.encode()
            yield f"--{mark}_m\r\n".encode()
        yield alternative.encode()


def address(name: str, spec: str) -> str:
    """A name with its address, as a header has it."""
    # A name of commas and quotes is quoted; one beyond ASCII is encoded.
    return formataddr((name, spec), "utf-8")


def one_line(text: str) -> str:
    """Text for a header: a line end in it would begin another header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _words(text: str, before: int) -> str:
    if text.isascii() and len(text) + before <= _LINE:
        return text
    return Header(text, "utf-8", header_name=" " * (before - 2)).encode(linesep="\r\n")


def _part(mark: str, media_type: str, content: bytes) -> Iterator[bytes]:
    yield f'--{mark}\r\nContent-Type: {media_type}; charset="utf-8"\r\n'.encode()
    yield from _base64(content)


def _base64(content: bytes) -> Iterator[bytes]:
    # Its letters never make a boundary, whatever people wrote.
    yield b"Content-Transfer-Encoding: base64\r\n\r\n"
    yield base64.encodebytes(content).replace(b"\n", b"\r\n")
