"""The refusals a client can get, each with one stable code.

A client branches on the code; the message is for the person who reads a log. `docs/signaling.md`
and `docs/signaling.asyncapi.yaml` list the same table, and a test compares them.
"""

CODES: dict[str, str] = {
    "unauthorized": "The access token is missing, invalid or expired.",
    "unsupported_version": "This server does not speak that version of the protocol.",
    "unknown_room": "There is no such room.",
    "not_a_participant": "You do not take part in this session.",
    "too_early": "The room is not open yet.",
    "session_over": "The session is over or was cancelled.",
    "room_full": "The room is full.",
    "unknown_peer": "There is no such peer in your room.",
    "bad_payload": "The event is unknown or its payload does not fit its schema.",
    "too_large": "The message is larger than this server accepts.",
    "rate_limited": "Too much in too short a time; wait and try again.",
    "unavailable": "The decision cannot be made right now; try again.",
    "draining": "This server is shutting down; connect again to reach another.",
}


class Refused(Exception):
    """A request that is answered with a code of `CODES` and changes nothing."""

    def __init__(self, code: str, message: str | None = None) -> None:
        self.code = code
        self.message = message or CODES[code]
        super().__init__(f"{code}: {self.message}")

    def answer(self) -> dict[str, dict[str, str]]:
        """The object a client gets in the acknowledgement."""
        return {"error": {"code": self.code, "message": self.message}}
