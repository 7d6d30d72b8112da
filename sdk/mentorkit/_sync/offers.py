# Generated from mentorkit/_async/offers.py by scripts/generate_sync.py: change that file.
"""Types of sessions that mentors offer."""

from __future__ import annotations

import builtins
from datetime import datetime
from uuid import UUID, uuid4

from mentorkit._calls import Call, function, nothing
from mentorkit._rows import aware, identity, many, one
from mentorkit._sync.auth import Auth
from mentorkit._sync.transport import Transport
from mentorkit.models import Request
from mentorkit.offers import Template

_TEMPLATE = (
    "id,mentor_id,subject_id,title,description,duration,buffer_before_minutes,"
    "buffer_after_minutes,is_offered"
)


class Templates:
    """Types of sessions. Reached as `client.templates`."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self._transport = transport
        self._auth = auth

    def list(self, mentor_id: UUID | str | None = None) -> builtins.list[Template]:
        """What a mentor offers; your own include those you do not offer at present."""
        who = identity("mentor_id", mentor_id or self._auth.user_id())
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_templates")
                    .select(_TEMPLATE)
                    .eq("mentor_id", who)
                    .order("title")
                ),
                many(Template.from_row),
            )
        )

    def create(
        self,
        *,
        subject_id: UUID | str,
        title: str,
        duration: int,
        description: str | None = None,
        buffer_before_minutes: int | None = None,
        buffer_after_minutes: int | None = None,
    ) -> Template:
        """Offer a type of session. Raises `Conflict` for a title you have already."""
        row = {
            "id": str(uuid4()),
            "mentor_id": str(self._auth.user_id()),
            "subject_id": identity("subject_id", subject_id),
            "title": title,
            "duration": duration,
            "description": description,
            "buffer_before_minutes": buffer_before_minutes,
            "buffer_after_minutes": buffer_after_minutes,
        }
        return self._transport.run(
            Call(
                lambda db: db.from_("session_templates").insert(row).select(_TEMPLATE),
                one(Template.from_row),
                safe=False,
            )
        )

    def offer(self, template_id: UUID | str, *, is_offered: bool = True) -> Template:
        """Begin or cease to offer it; requests already made stay. Raises `NotFound`."""
        row = identity("template_id", template_id)
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("session_templates")
                    .update({"is_offered": is_offered})
                    .eq("id", row)
                    .select(_TEMPLATE)
                    .single()
                ),
                one(Template.from_row),
            )
        )

    def delete(self, template_id: UUID | str) -> None:
        """Forget a type of session; sessions of it stay."""
        row = identity("template_id", template_id)
        self._transport.run(
            Call(lambda db: db.from_("session_templates").delete().eq("id", row), nothing)
        )

    def request(
        self,
        template_id: UUID | str,
        *,
        requested_time: datetime,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Ask for a session of this type; as `requests.create` otherwise."""
        parameters = {
            "template_id": identity("template_id", template_id),
            "requested_time": aware("requested_time", requested_time),
            "description": description,
            "idempotency_key": idempotency_key or str(uuid4()),
        }
        return self._transport.run(
            function("request_template", parameters, one(Request.from_row), safe=True)
        )
