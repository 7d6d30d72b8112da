"""Signing and checking of JSON web tokens, for users and for the gateway's own calls."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from local.gateway.apikeys import Role
from local.gateway.settings import GatewaySettings

# A minted token carries a request without a user to PostgREST; it lives a little longer than the
# slowest request and is used for many of them.
MINTED_SECONDS = 300
MINTED_REUSE_SECONDS = 120


class BadToken(Exception):
    """The token is malformed, expired, or not signed by this project."""


class Tokens:
    """Signs with the project's current algorithm and accepts both, as after a key rotation."""

    def __init__(self, settings: GatewaySettings, now: Callable[[], float] = time.time) -> None:
        private = jwt.PyJWK(settings.keys.es256)
        public = jwt.PyJWK(settings.keys.jwks_public()["keys"][0])
        self._kid = settings.keys.es256["kid"]
        self._secret = settings.keys.jwt_secret
        self._signing = settings.signing
        self._private = private.key
        self._public = {"ES256": public.key, "HS256": self._secret}
        self._issuer = settings.issuer
        self._now = now
        self._minted: dict[Role, tuple[float, bytes]] = {}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims, signed by the project's current key."""
        if self._signing == "ES256":
            headers = {"kid": self._kid}
            return jwt.encode(dict(claims), self._private, algorithm="ES256", headers=headers)
        return jwt.encode(dict(claims), self._secret, algorithm="HS256")

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a valid token; raises BadToken with a reason otherwise.

        The key is chosen by algorithm, so a token that names HS256 is never checked against the
        public key. Expiry is judged by the gateway's clock.
        """
        try:
            algorithm = jwt.get_unverified_header(token).get("alg")
            if not isinstance(algorithm, str) or algorithm not in self._public:
                raise BadToken("signing method is invalid")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public[algorithm],
                algorithms=[algorithm],
                options={"verify_exp": False, "verify_aud": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise BadToken(str(error)) from error
        expires = claims.get("exp")
        if not isinstance(expires, int | float):
            raise BadToken("token has no expiry")
        if expires <= self._now():
            raise BadToken("token is expired")
        return claims

    def minted(self, role: Role) -> bytes:
        """A short-lived token for a request that comes with an opaque key and no user."""
        now = self._now()
        made, token = self._minted.get(role, (0.0, b""))
        if now - made > MINTED_REUSE_SECONDS:
            claims = {
                "iss": self._issuer,
                "role": role,
                "iat": int(now),
                "exp": int(now) + MINTED_SECONDS,
            }
            # HS256 is cheaper for PostgREST to check, and these tokens never leave the machine.
            token = jwt.encode(claims, self._secret, algorithm="HS256").encode()
            self._minted[role] = (now, token)
        return token
