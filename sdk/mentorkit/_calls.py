"""A call to the database, decided before anything is sent, so that both faces share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from postgrest.types import ReturnMethod

T = TypeVar("T")

MINIMAL = ReturnMethod.minimal
"""Ask for no rows back: where some columns are secret, a deleted row may not be read."""


class Database(Protocol):
    """What calls are built on: either face of postgrest's client."""

    def from_(self, table: str) -> Any:
        """Begin a query on a table or view."""

    def rpc(self, func: str, params: dict[str, Any]) -> Any:
        """Begin a call of a function."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """How to ask, how to read the answer, and whether asking twice does no harm."""

    build: Callable[[Database], Any]
    parse: Callable[[Any], T]
    safe: bool = True


def function(
    name: str, parameters: dict[str, Any], parse: Callable[[Any], T], *, safe: bool = False
) -> Call[T]:
    """A call of a database function; not repeated unless said to be safe."""
    return Call(lambda db: db.rpc(name, parameters), parse, safe)


def nothing(data: Any) -> None:
    """A reader for answers that do not matter."""
