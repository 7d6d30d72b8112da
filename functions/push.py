"""The channel `push`: web push (RFC 8030, 8291) with VAPID, to the browsers a person registered."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

# The two parts of pywebpush; the whole of it would load aiohttp, which takes half a second.
import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_ece import ECEException
from py_vapid import Vapid02, VapidException

from functions.addresses import Outbound
from functions.errors import BadSettings, DeliveryFailed
from functions.letters import sentences
from functions.notices import Delivery
from functions.settings import Settings
from functions.webhooks import post
from functions.wording import wording

TOKEN_LIFE = timedelta(hours=12)
LONGEST_STAY = timedelta(days=1)


class PushSender:
    """Encrypts each notice for its browser and hands it to the browser's push service."""

    def __init__(
        self, settings: Settings, outbound: Outbound, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._vapid = read_key(settings.vapid_private_key)
        self._http = outbound.client(settings.send_timeout.total_seconds())
        self._clock = clock

    async def send(self, delivery: Delivery) -> int | None:
        now = self._clock()
        target = delivery.target
        try:
            body = encrypt(content(delivery, self._settings, now), target["p256dh"], target["auth"])
        except (ECEException, ValueError) as exc:
            reason = f"not a usable subscription: {exc}"
            raise DeliveryFailed(reason, permanent=True, gone=True) from exc
        parts = urlsplit(target["endpoint"])
        claims = {
            "sub": self._settings.vapid_subject,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + TOKEN_LIFE).timestamp()),
        }
        headers = {
            **self._vapid.sign(claims),
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(_stay(delivery, now)),
            "urgency": "high" if delivery.kind == "session_reminder" else "normal",
            # A service that still holds an earlier attempt replaces it: shown once.
            "topic": base64.urlsafe_b64encode(delivery.id.bytes).decode().rstrip("="),
        }
        try:
            return await post(self._http, target["endpoint"], body, headers)
        except DeliveryFailed as exc:
            exc.permanent = exc.permanent or exc.gone or exc.status in (400, 401, 403, 413)
            raise

    async def aclose(self) -> None:
        await self._http.aclose()


def content(delivery: Delivery, settings: Settings, now: datetime) -> bytes:
    """What a service worker shows: title, body, where a click leads."""
    # Push services refuse more than 4 kB, so the description stays out.
    booking = replace(delivery.booking, description="") if delivery.booking else None
    said = sentences(replace(delivery, booking=booking), wording(delivery.recipient.locale), now)
    when = said["facts"][2][1] if len(said["facts"]) > 2 else ""
    return json.dumps(
        {
            "title": str(said["subject"])[:200],
            "body": f"{said['lead']} {when}".strip()[:500],
            "kind": delivery.kind,
            "tag": str(delivery.notice_id),
            "url": settings.app_url,
        },
        ensure_ascii=False,
    ).encode()


def encrypt(plain: bytes, p256dh: str, auth: str) -> bytes:
    """A message that only the browser with these keys can read (RFC 8291)."""
    sealed: bytes = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_raw(p256dh),
        auth_secret=_raw(auth),
        version="aes128gcm",
    )
    return sealed


def read_key(text: str) -> Vapid02:
    """The VAPID key pair from the base64url of its 32 private bytes."""
    try:
        raw = _raw(text)
        if len(raw) != 32:
            raise BadSettings("vapid_private_key must be 32 bytes in base64url")
        return Vapid02.from_raw(text.encode())
    except (ValueError, VapidException) as exc:
        raise BadSettings("vapid_private_key must be 32 bytes in base64url") from exc


def public_key(vapid: Vapid02) -> str:
    """What a browser needs as applicationServerKey."""
    key: ec.EllipticCurvePublicKey = vapid.public_key
    raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def new_key() -> str:
    """A fresh private key in the form the settings want."""
    private = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(private.to_bytes(32, "big")).decode().rstrip("=")


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _stay(delivery: Delivery, now: datetime) -> int:
    """Seconds a push service may hold it: a reminder is worth nothing after the start."""
    stay = LONGEST_STAY
    if delivery.booking is not None:
        stay = min(stay, delivery.booking.start - now)
    return max(int(stay.total_seconds()), 60)
