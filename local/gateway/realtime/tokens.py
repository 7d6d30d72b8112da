"""Who a key or a token speaks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import jwt

from local.keys import Keys

Claims = dict[str, Any]


class TokenRefused(Exception):
    """The token is not good; `code` is what a join answers with, `message` what a person reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Tokens:
    """Checks keys and tokens against the keys of the stack, at the time the clock tells."""

    keys: Keys
    clock: Callable[[], float]

    def claims_of(self, token: str) -> Claims:
        """The claims a key or token stands for. Raises TokenRefused.

        The opaque keys stand for a role and never expire.
        """
        if token == self.keys.publishable:
            return {"role": "anon"}
        if token == self.keys.secret:
            return {"role": "service_role"}
        claims = self.verified(re.sub(r"\s", "", unquote(token)))
        if not isinstance(claims.get("role"), str) or not isinstance(
            claims.get("exp"), (int, float)
        ):
            raise TokenRefused("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")
        late = int(self.clock()) - int(claims["exp"])
        if late >= 0:
            raise TokenRefused("InvalidJWTToken", f"Token has expired {late} seconds ago")
        return claims

    def verified(self, token: str) -> Claims:
        try:
            algorithm = jwt.get_unverified_header(token).get("alg")
        except jwt.InvalidTokenError as exc:
            raise TokenRefused("MalformedJWT", "The token provided is not a valid JWT") from exc
        try:
            # Expiry is checked by the caller, whose clock is the one that counts.
            claims: Claims = jwt.decode(
                token,
                self.key_for(algorithm),
                algorithms=["ES256" if algorithm == "ES256" else "HS256"],
                options={
                    "verify_exp": False,
                    "verify_aud": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as exc:
            raise TokenRefused("JwtSignatureError", "Failed to validate JWT signature") from exc
        return claims

    def key_for(self, algorithm: object) -> jwt.PyJWK | str:
        if algorithm == "ES256":
            return jwt.PyJWK(self.keys.jwks_public()["keys"][0])
        return self.keys.jwt_secret
