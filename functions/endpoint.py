"""An endpoint with its description: the app routes by it, the OpenAPI document is made of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One status an endpoint may answer with, and what comes with it."""

    description: str
    media_type: str = "application/json"
    schema: Schema | None = None


@dataclass(frozen=True)
class Endpoint:
    """One method of one path."""

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    handler: Handler
    answers: Mapping[int, Answer]
    """What it answers when it works."""
    refusals: tuple[str, ...] = ()
    """The codes it refuses with, of `functions.errors.REFUSALS` or the database."""
    security: Literal["secret", "caller", ""] = ""
    body: Schema | None = None
    body_type: str = "application/json"
    body_required: bool = False
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    """Schemas of the path's parameters; a string where none is given."""
    queries: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    refusal_type: str = "application/json"


OBJECT: Schema = {"type": "object"}
UUID_TEXT: Schema = {"type": "string", "format": "uuid"}


def counts(*names: str) -> Schema:
    """The schema of an object of counts."""
    number = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "properties": dict.fromkeys(names, number),
        "required": list(names),
        "additionalProperties": False,
    }
