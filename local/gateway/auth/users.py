"""Accounts: one row of auth.users with its identities, and how a client sees it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID

Json = dict[str, Any]

IDENTITIES: LiteralString = """
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'identity_id', i.id,
            'id', i.provider_id,
            'user_id', i.user_id,
            'identity_data', i.identity_data,
            'provider', i.provider,
            'last_sign_in_at',
                to_char(i.last_sign_in_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'created_at', to_char(i.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'updated_at', to_char(i.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'email', i.email
        ) order by i.created_at), '[]')
        from auth.identities i
        where i.user_id = u.id
    ) as identities
"""

COLUMNS: LiteralString = f"""
    u.id, u.aud, u.role, u.email, u.encrypted_password, u.email_confirmed_at, u.invited_at,
    coalesce(u.phone, '') as phone, u.confirmation_sent_at, u.confirmed_at, u.email_change,
    u.email_change_sent_at, u.recovery_sent_at, u.last_sign_in_at, u.raw_app_meta_data,
    u.raw_user_meta_data, u.created_at, u.updated_at, u.banned_until, u.deleted_at, u.is_anonymous,
    {IDENTITIES}
"""


@dataclass(frozen=True, kw_only=True)
class User:
    """An account as it is stored; never shown as it is, for it holds the password's hash."""

    id: UUID
    aud: str | None
    role: str | None
    email: str | None
    encrypted_password: str | None
    email_confirmed_at: datetime | None
    invited_at: datetime | None
    phone: str
    confirmation_sent_at: datetime | None
    confirmed_at: datetime | None
    email_change: str | None
    email_change_sent_at: datetime | None
    recovery_sent_at: datetime | None
    last_sign_in_at: datetime | None
    raw_app_meta_data: Json | None
    raw_user_meta_data: Json | None
    created_at: datetime | None
    updated_at: datetime | None
    banned_until: datetime | None
    deleted_at: datetime | None
    is_anonymous: bool
    identities: list[Json]

    def __repr__(self) -> str:
        return f"User({self.id})"

    def is_banned(self, at: datetime) -> bool:
        return self.banned_until is not None and self.banned_until > at

    def shown(self) -> Json:
        """The account as GoTrue writes it; times that are not set are left out."""
        times = {
            "email_confirmed_at": self.email_confirmed_at,
            "invited_at": self.invited_at,
            "confirmation_sent_at": self.confirmation_sent_at,
            "confirmed_at": self.confirmed_at,
            "recovery_sent_at": self.recovery_sent_at,
            "email_change_sent_at": self.email_change_sent_at,
            "last_sign_in_at": self.last_sign_in_at,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "banned_until": self.banned_until,
            "deleted_at": self.deleted_at,
        }
        shown: Json = {
            "id": str(self.id),
            "aud": self.aud or "",
            "role": self.role or "",
            "email": self.email or "",
            "phone": self.phone,
            **{name: written(time) for name, time in times.items() if time is not None},
            "app_metadata": self.raw_app_meta_data or {},
            "user_metadata": self.raw_user_meta_data or {},
            "identities": self.identities,
            "is_anonymous": self.is_anonymous,
        }
        if self.email_change:
            shown["new_email"] = self.email_change
        return shown


def written(time: datetime) -> str:
    """A time as Go's encoder writes it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def merged(old: Json | None, changes: Json) -> Json:
    """Metadata after a change: given members replace, members given as null go."""
    result = {**(old or {}), **changes}
    return {name: value for name, value in result.items() if value is not None}
