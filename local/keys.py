"""The secrets of one stack: made once, kept in its data directory, readable by their owner only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Jwk = dict[str, Any]

TEN_YEARS = 10 * 365 * 24 * 3600
PUBLIC_MEMBERS = ("kty", "crv", "x", "y")


@dataclass(frozen=True)
class Keys:
    """Everything that signs or opens something in a stack."""

    jwt_secret: str
    """Signs the legacy keys, and user tokens when the gateway is set to HS256."""
    es256: Jwk
    """Private signing key of user tokens, with its `kid`."""
    publishable: str
    secret: str
    anon_key: str
    service_role_key: str

    def jwks_public(self) -> dict[str, list[Jwk]]:
        """What `/auth/v1/.well-known/jwks.json` shows: the public half of the ES256 key."""
        public = {name: self.es256[name] for name in PUBLIC_MEMBERS}
        entry = {**public, "kid": self.es256["kid"], "alg": "ES256", "use": "sig"}
        return {"keys": [{**entry, "key_ops": ["verify"], "ext": True}]}

    def postgrest_jwks(self) -> dict[str, list[Jwk]]:
        """What PostgREST needs to check both kinds of tokens. Holds a secret: keep it private."""
        shared = {"kty": "oct", "k": b64(self.jwt_secret.encode()), "alg": "HS256"}
        return {"keys": [*self.jwks_public()["keys"], shared]}

    def derived(self, purpose: str) -> str:
        """A secret for one purpose that follows from these keys: kept as long as they are."""
        return b64(hmac.digest(self.jwt_secret.encode(), purpose.encode(), "sha256"))

    def save(self, file: Path) -> None:
        """Write all keys to `file`, which nobody else may read, not even while it is written."""
        scratch = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
            json.dump(asdict(self), out, indent=2)
        scratch.replace(file)

    @classmethod
    def load(cls, file: Path) -> Keys:
        return cls(**json.loads(file.read_text()))

    @classmethod
    def load_or_make(cls, file: Path) -> Keys:
        """The keys in `file`; made and saved there when there are none yet."""
        if file.exists():
            return cls.load(file)
        keys = make_keys()
        keys.save(file)
        return keys


def make_keys() -> Keys:
    """A new set of keys."""
    jwt_secret = secrets.token_urlsafe(40)
    return Keys(
        jwt_secret=jwt_secret,
        es256=make_es256(),
        publishable=opaque_key("publishable"),
        secret=opaque_key("secret"),
        anon_key=legacy_key(jwt_secret, "anon"),
        service_role_key=legacy_key(jwt_secret, "service_role"),
    )


def opaque_key(kind: str) -> str:
    """A key in the newer shape: kind, 128 random bits, and a checksum against typing errors."""
    body = f"sb_{kind}_{secrets.token_urlsafe(16)}"
    return f"{body}_{b64(hashlib.sha256(body.encode()).digest())[:8]}"


def legacy_key(jwt_secret: str, role: str) -> str:
    """An API key in the older shape: a token without a user, signed with the project's secret."""
    import jwt

    now = int(time.time())
    claims = {"iss": "supabase", "ref": "local", "role": role, "iat": now, "exp": now + TEN_YEARS}
    return jwt.encode(claims, jwt_secret, algorithm="HS256")


def make_es256() -> Jwk:
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    x, y, d = (
        b64(number.to_bytes(32, "big")) for number in (point.x, point.y, numbers.private_value)
    )
    # RFC 7638: the name of a key follows from the key.
    canonical = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    kid = b64(hashlib.sha256(canonical.encode()).digest())
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d, "kid": kid, "alg": "ES256"}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
