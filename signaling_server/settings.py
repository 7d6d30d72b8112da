"""Every number and name a deployment may choose, read from the environment in one place."""

import dataclasses
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

PREFIX = "SIGNALING_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one node needs to know; field `x` is read from `SIGNALING_X`."""

    supabase_url: str
    publishable_key: str

    # Tokens. The issuer is derived from the URL unless auth answers under another name.
    jwt_issuer: str = ""
    jwt_audience: str = "authenticated"
    jwks_seconds: float = 600
    jwks_retry_seconds: float = 30
    request_timeout: float = 5
    request_concurrency: int = 64

    # Who may connect.
    cors_origins: tuple[str, ...] = ("*",)
    forwarded_hops: int = 0
    max_connections: int = 20_000
    connections_per_address: int = 200
    connects_per_minute_address: int = 600

    # Rooms.
    capacity: int = 2
    rooms_per_user: int = 5
    joins_per_minute_user: int = 60
    joins_per_minute_address: int = 300
    grace_seconds: float = 20
    recheck_seconds: float = 15

    # Messages. A message costs one credit for every 4 KiB begun.
    max_message_bytes: int = 65_536
    message_rate: float = 50
    message_burst: int = 250
    user_message_rate: float = 100
    user_message_burst: int = 500
    max_unsent_bytes: int = 1_048_576
    kept_signals: int = 64
    kept_bytes: int = 65_536

    # Time.
    connect_seconds: float = 10
    idle_seconds: float = 300
    lifetime_seconds: float = 43_200
    ping_seconds: float = 25
    pong_seconds: float = 20
    drain_seconds: float = 10

    # ICE servers handed out on join.
    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = field(default="", repr=False)
    turn_seconds: int = 3600

    # Many nodes.
    redis_url: str = field(default="", repr=False)
    node: str = field(default_factory=lambda: secrets.token_hex(4))
    lease_seconds: float = 10

    # Operations.
    host: str = "127.0.0.1"
    port: int = 54325
    path: str = "/socket.io"
    metrics_token: str = field(default="", repr=False)
    log_level: str = "info"

    def __post_init__(self) -> None:
        if not 2 <= self.capacity <= 8:
            raise ValueError(
                "SIGNALING_CAPACITY must be 2 to 8: a mesh of more peers does not hold"
            )
        if not self.supabase_url.startswith(("http://", "https://")):
            raise ValueError("SUPABASE_URL must be an http or https URL")
        if self.jwks_seconds > 600:
            raise ValueError("SIGNALING_JWKS_SECONDS must be at most 600: keys rotate")
        if self.turn_urls and not self.turn_secret:
            raise ValueError("SIGNALING_TURN_URLS needs SIGNALING_TURN_SECRET")

    @property
    def issuer(self) -> str:
        return self.jwt_issuer or f"{self.supabase_url.rstrip('/')}/auth/v1"

    @property
    def hard_message_bytes(self) -> int:
        """Above this a frame is not even read; between the two bounds it is answered
        `too_large`.
        """
        return max(4 * self.max_message_bytes, 262_144)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **overrides: Any) -> Self:
        """Read settings; raises ValueError naming the variable that is missing or malformed."""
        values: dict[str, Any] = {}
        for item in dataclasses.fields(cls):
            name = variable(item.name)
            text = environ.get(name)
            if text is None:
                continue
            try:
                values[item.name] = _parse(text, str(item.type))
            except ValueError as exc:
                raise ValueError(f"{name} is not a {item.type}: {text!r}") from exc
        values.update((name, value) for name, value in overrides.items() if value is not None)
        for required in ("supabase_url", "publishable_key"):
            if not values.get(required):
                raise ValueError(f"{variable(required)} is not set")
        return cls(**values)


def variable(name: str) -> str:
    """The environment variable that sets a field."""
    if name in ("supabase_url", "publishable_key"):
        return {"supabase_url": "SUPABASE_URL", "publishable_key": "SUPABASE_PUBLISHABLE_KEY"}[name]
    return PREFIX + name.upper()


def _parse(text: str, kind: str) -> Any:
    if "tuple" in kind:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if "int" in kind:
        return int(text)
    if "float" in kind:
        return float(text)
    return text
