"""From a built query to an HTTP request, and from the answer to its data; shared by both faces.

postgrest builds queries; its own `execute` would merge headers and URLs anew with every call. Here
what is the same from call to call is made once: that is most of what a call costs a client.
"""

from __future__ import annotations

import json
from datetime import date, time
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from postgrest.exceptions import APIError, APIErrorFromJSON, generate_default_error_message
from pydantic import ValidationError

from mentorkit._endpoint import Endpoint

REMEMBERED = 256
"""Addresses that are kept parsed. A list that is read again and again has one."""


class Wire:
    """Makes the requests of one client."""

    def __init__(self, endpoint: Endpoint, defaults: httpx.Headers, timeout: httpx.Timeout) -> None:
        self._endpoint = endpoint
        self._defaults = defaults
        self._extensions = {"timeout": timeout.as_dict()}
        self._address = lru_cache(REMEMBERED)(httpx.URL)
        self._head: tuple[str | None, httpx.Headers] | None = None

    @property
    def base(self) -> str:
        """Where the tables and functions are."""
        return f"{self._endpoint.url}/rest/v1"

    def request(self, query: Any, bearer: str | None) -> httpx.Request:
        """A query of postgrest's builders, as whoever holds this token."""
        config = query.request
        parameters = str(config.params)
        address = f"{config.path}?{parameters}" if parameters else str(config.path)
        headers = self._headers(bearer).copy()
        headers.update(config.headers)
        content = None
        if config.json is not None:
            content = _encoded(config.json)
            headers["Content-Type"] = "application/json"
        return httpx.Request(
            config.http_method,
            self._address(address),
            headers=headers,
            content=content,
            extensions=dict(self._extensions),
        )

    def _headers(self, bearer: str | None) -> httpx.Headers:
        """What every call of this person carries; the token changes once in an hour."""
        if self._head is None or self._head[0] != bearer:
            headers = httpx.Headers(self._defaults)
            headers.update(self._endpoint.headers(bearer))
            self._head = (bearer, headers)
        return self._head[1]


def data_of(response: httpx.Response) -> Any:
    """What was answered; raises postgrest's `APIError` for a refusal."""
    if response.is_success:
        try:
            return json.loads(response.content)
        except ValueError:
            return response.text or []
    try:
        said = dict(APIErrorFromJSON.model_validate_json(response.content))
    except ValidationError:
        said = generate_default_error_message(response)
    raise APIError(said)


def _encoded(body: Any) -> bytes:
    text = json.dumps(
        body, default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return text.encode()


def _plain(value: object) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
