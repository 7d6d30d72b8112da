"""The shapes of what a client may send, checked in C by msgspec before anything looks at them.

Unknown fields are refused, every string has a bound, and nothing nests deeper than written here,
so a payload that fits can be passed through as the text it came in.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

VERSION = 1
PEER_LENGTH = 16

PeerId = Annotated[str, Meta(min_length=PEER_LENGTH, max_length=PEER_LENGTH)]
ShortText = Annotated[str, Meta(max_length=256)]


class Auth(Struct, frozen=True):
    """What comes with Socket.IO's CONNECT. Fields of client libraries beside these are ignored."""

    token: str
    version: int = VERSION


class Resume(Struct, frozen=True, forbid_unknown_fields=True):
    """The presence a client had: from its last join, and the last `seq` it has seen."""

    peer: PeerId
    secret: ShortText
    seen: Annotated[int, Meta(ge=0)] = 0


class Join(Struct, frozen=True, forbid_unknown_fields=True):
    room: ShortText
    resume: Resume | None = None


class Description(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """RTCSessionDescriptionInit."""

    type: Literal["offer", "answer", "pranswer", "rollback"]
    sdp: str = ""


class Candidate(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """RTCIceCandidateInit."""

    candidate: Annotated[str, Meta(max_length=2048)] = ""
    sdpMid: ShortText | None = None
    sdpMLineIndex: Annotated[int, Meta(ge=0, le=65535)] | None = None
    usernameFragment: ShortText | None = None


class Signal(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Exactly one of the two; a candidate of null says that there are no more."""

    to: PeerId
    description: Description | UnsetType = UNSET
    candidate: Candidate | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if (self.description is UNSET) == (self.candidate is UNSET):
            raise ValueError("exactly one of description and candidate")


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object; events that need no payload accept it too."""


class Token(Struct, frozen=True, forbid_unknown_fields=True):
    token: str


EVENTS: dict[str, type[Struct]] = {
    "join": Join,
    "signal": Signal,
    "leave": Nothing,
    "access_token": Token,
    "ice_servers": Nothing,
}

# All that decoding untrusted text may raise; a deep one ends in RecursionError.
MALFORMED = (msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError, ValueError)

event_parts = msgspec.json.Decoder(list[msgspec.Raw])
event_name = msgspec.json.Decoder(str)
signal_event = msgspec.json.Decoder(tuple[Literal["signal"], Signal])
auth_payload = msgspec.json.Decoder(Auth)
payload_of = {name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()}
