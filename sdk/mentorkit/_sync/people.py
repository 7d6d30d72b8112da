# Generated from mentorkit/_async/people.py by scripts/generate_sync.py: change that file.
"""Who teaches what, and what others may know about a user."""

from __future__ import annotations

import builtins
from typing import Any
from uuid import UUID

from mentorkit import _columns, _page
from mentorkit._calls import Call, Database, nothing
from mentorkit._rows import identity, many, one
from mentorkit._sync.auth import Auth
from mentorkit._sync.transport import Transport
from mentorkit.people import Mentor, Profile, Subject


class Mentors:
    """Who teaches. Reached as `client.mentors`; open to visitors too."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, subject_id: UUID | str | None = None, limit: int = 100, offset: int = 0
    ) -> builtins.list[Mentor]:
        """Mentors, the best rated first, then who taught most; unrated ones come last."""
        most = _page.size(limit)
        taught = None if subject_id is None else identity("subject_id", subject_id)

        def build(db: Database) -> Any:
            query = db.from_("mentors").select(_columns.MENTOR)
            if taught is not None:
                query = query.contains("subjects", f'[{{"id":"{taught}"}}]')
            return (
                query.order("rating", desc=True, nullsfirst=False)
                .order("total_sessions_taught", desc=True)
                .order("id")
                .limit(most)
                .offset(offset)
            )

        return self._transport.run(Call(build, many(Mentor.from_row)))

    def get(self, mentor_id: UUID | str) -> Mentor:
        """One mentor. Raises `NotFound` for anybody who does not teach."""
        row = identity("mentor_id", mentor_id)
        return self._transport.run(
            Call(
                lambda db: db.from_("mentors").select(_columns.MENTOR).eq("id", row).single(),
                one(Mentor.from_row),
            )
        )


class Subjects:
    """What is taught. Reached as `client.subjects`; open to visitors too."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self._transport = transport
        self._auth = auth

    def list(self) -> builtins.list[Subject]:
        """All subjects by name."""
        return self._transport.run(
            Call(
                lambda db: db.from_("subjects").select(_columns.SUBJECT).order("name"),
                many(Subject.from_row),
            )
        )

    def teach(self, *subject_ids: UUID | str) -> None:
        """Say that you teach these too. Doing it twice does nothing."""
        me = str(self._auth.user_id())
        rows = [{"mentor_id": me, "subject_id": identity("subject_id", row)} for row in subject_ids]
        if rows:
            self._transport.run(
                Call(
                    lambda db: db.from_("mentor_subjects").upsert(
                        rows, ignore_duplicates=True, on_conflict="mentor_id,subject_id"
                    ),
                    nothing,
                )
            )

    def stop_teaching(self, *subject_ids: UUID | str) -> None:
        """Say that you teach these no longer."""
        me = str(self._auth.user_id())
        rows = [identity("subject_id", row) for row in subject_ids]
        if rows:
            self._transport.run(
                Call(
                    lambda db: (
                        db.from_("mentor_subjects")
                        .delete()
                        .eq("mentor_id", me)
                        .in_("subject_id", rows)
                    ),
                    nothing,
                )
            )


class Profiles:
    """What others may know about a user. Reached as `client.profiles`."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self._transport = transport
        self._auth = auth

    def get(self, user_id: UUID | str | None = None) -> Profile:
        """Somebody's profile, or your own. Raises `NotFound`."""
        row = str(self._auth.user_id()) if user_id is None else identity("user_id", user_id)
        return self._transport.run(
            Call(
                lambda db: db.from_("profiles").select(_columns.PROFILE).eq("id", row).single(),
                one(Profile.from_row),
            )
        )

    def update(
        self,
        *,
        name: str | None = None,
        bio: str | None = None,
        time_zone: str | None = None,
        is_mentor: bool | None = None,
    ) -> Profile:
        """Change your own profile; what is None stays. `time_zone` is an IANA name."""
        me = str(self._auth.user_id())
        values = {"name": name, "bio": bio, "time_zone": time_zone, "is_mentor": is_mentor}
        changes = {column: value for column, value in values.items() if value is not None}
        if not changes:
            return self.get()
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("profiles").update(changes).eq("id", me).select(_columns.PROFILE)
                ),
                one(Profile.from_row),
            )
        )
