"""What the gateway is told when it starts; it reads nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from starlette.types import ASGIApp

from local.keys import Keys

Signing = Literal["ES256", "HS256"]


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Everything one gateway needs.

    `url` is the address clients use, without a slash at the end; it becomes part of the issuer of
    every token. `database_url` logs in as supabase_admin; each part of the gateway switches to the
    role it works as.
    """

    url: str
    keys: Keys
    database_url: str
    postgrest_socket: Path
    signing: Signing = "ES256"
    autoconfirm: bool = True
    jwt_expiry_seconds: int = 3600
    functions: ASGIApp | None = None
    signups_enabled: bool = True
    password_min_length: int = 6
    refresh_reuse_seconds: int = 10
    attempts_per_minute: int | None = None
    """How often one address may sign up, sign in or refresh; as often as it likes when None."""
    database_patience_seconds: float = 5.0
    """How long an auth call waits for the database, which may be starting again."""

    @property
    def issuer(self) -> str:
        """The `iss` of every token this gateway signs."""
        return f"{self.url}/auth/v1"
