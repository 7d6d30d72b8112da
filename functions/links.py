"""Signed links: what a mail says about its holder, in an address nobody else can make."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from functions.errors import Refused

ANSWER = b"answer"
UNSUBSCRIBE = b"unsubscribe"

_BODY = struct.Struct(">B16sQ")
_VERSION = 1
_MAC_BYTES = 20


@dataclass(frozen=True)
class Signer:
    """Makes and checks tokens. A token is bound to its purpose: an answer link unsubscribes
    nobody."""

    key: str

    def sign(self, purpose: bytes, subject: UUID, expires_at: datetime, extra: str = "") -> str:
        """A token of letters, digits, `-` and `_` for `subject`, good until `expires_at`."""
        body = _BODY.pack(_VERSION, subject.bytes, int(expires_at.timestamp())) + extra.encode()
        return base64.urlsafe_b64encode(body + self._mac(purpose, body)).decode().rstrip("=")

    def read(self, purpose: bytes, token: str, now: datetime) -> tuple[UUID, str]:
        """Subject and extra of a token made for this purpose; refused when forged or expired."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as exc:
            raise Refused("link_invalid") from exc
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(body) < _BODY.size or not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise Refused("link_invalid")
        version, subject, expires = _BODY.unpack(body[: _BODY.size])
        if version != _VERSION:
            raise Refused("link_invalid")
        if now.astimezone(UTC).timestamp() >= expires:
            raise Refused("link_expired")
        return UUID(bytes=subject), body[_BODY.size :].decode()

    def _mac(self, purpose: bytes, body: bytes) -> bytes:
        # The length keeps purpose and body apart, whatever they contain.
        message = bytes([len(purpose)]) + purpose + body
        return hmac.new(self.key.encode(), message, hashlib.sha256).digest()[:_MAC_BYTES]
