"""What an event is answered with."""

from typing import Any, NamedTuple


class Reply(NamedTuple):
    """The acknowledgement, and frames that follow it."""

    payload: dict[str, Any]
    frames: tuple[bytes, ...] = ()
