"""What the end of a connection means."""

from __future__ import annotations

from typing import Any

from websockets.exceptions import InvalidStatus

from mentorkit.errors import MentorkitError, Unavailable, WrongKey


class Lost(Exception):
    """The connection is gone, or as good as."""


def first(group: BaseExceptionGroup[Any]) -> Any:
    fault: BaseException = group
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def explained(fault: BaseException) -> MentorkitError:
    if isinstance(fault, Unavailable):
        return fault
    if isinstance(fault, InvalidStatus):
        status = fault.response.status_code
        if status in (401, 403):
            return WrongKey(f"Realtime did not accept the API key (HTTP {status}).")
        wish = fault.response.headers.get("Retry-After")
        after = float(wish) if wish and wish.isdigit() else None
        return Unavailable(f"Realtime refused the connection (HTTP {status}).", retry_after=after)
    return Unavailable(f"The realtime connection ended: {str(fault) or type(fault).__name__}.")
