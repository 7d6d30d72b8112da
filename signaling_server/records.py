"""A member as Redis and the other nodes hold it: JSON."""

import json
from dataclasses import asdict
from typing import Any

from signaling_server.rooms import Member


def to_json(member: Member) -> str:
    fields = asdict(member)
    del fields["away"]
    return json.dumps(fields)


def from_json(fields: dict[str, Any]) -> Member:
    """A member from the object it was read into; raises KeyError when something is missing."""

    def text(name: str) -> str:
        return str(fields[name])

    return Member(
        room=text("room"),
        peer=text("peer"),
        user=text("user"),
        name=text("name"),
        role=text("role"),
        secret=text("secret"),
        node=text("node"),
        order=int(fields["order"]),
    )
