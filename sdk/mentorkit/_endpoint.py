"""Which project is spoken with, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Self

import httpx

from mentorkit._token import is_secret
from mentorkit.errors import Misconfigured, WrongKey


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL and the API key of a project."""

    url: str
    key: str

    @classmethod
    def public(cls, url: str, key: str) -> Self:
        """For clients of users: refuses keys that bypass row level security."""
        if is_secret(key):
            raise WrongKey(
                "This is a secret key, which may do everything to everybody's rows: clients of "
                "users take the publishable key. For timed work there is AsyncService."
            )
        return cls._checked(url, key)

    @classmethod
    def secret(cls, url: str, key: str) -> Self:
        """For the service: refuses keys that are none."""
        if not is_secret(key):
            raise WrongKey("The service needs the secret key; this is a publishable one.")
        return cls._checked(url, key)

    @classmethod
    def _checked(cls, url: str, key: str) -> Self:
        if not key:
            raise WrongKey("The API key is empty: set SUPABASE_PUBLISHABLE_KEY.")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as fault:
            raise Misconfigured(f"{url!r} is no URL: {fault}.") from fault
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise Misconfigured(
                f"{url!r} is no URL of a project: it must begin with https:// or http://."
            )
        return cls(url.rstrip("/"), key)

    def headers(self, bearer: str | None) -> dict[str, str]:
        """What every call carries; without a user's token the key stands in, as in supabase-js."""
        return {
            "apikey": self.key,
            "Authorization": f"Bearer {bearer or self.key}",
            "X-Client-Info": f"mentorkit-py/{_version()}",
        }


def _version() -> str:
    try:
        return version("mentorkit")
    except PackageNotFoundError:
        return "0"
