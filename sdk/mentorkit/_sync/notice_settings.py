# Generated from mentorkit/_async/notice_settings.py by scripts/generate_sync.py: change that file.
"""How, when and by which ways a user wants to be told."""

from __future__ import annotations

import builtins

from mentorkit._calls import Call, nothing
from mentorkit._rows import many, one
from mentorkit._sync.auth import Auth
from mentorkit._sync.transport import Transport
from mentorkit.channels import Channel, NoticePreference, NoticeSettings

_SETTINGS = "locale,quiet_from,quiet_until,reminder_minutes"
_PREFERENCE = "kind,channel,enabled"


class Settings:
    """How you want to be told. Reached as `client.notice_settings`."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self._transport = transport
        self._auth = auth

    def get(self) -> NoticeSettings:
        """Your language, quiet hours and reminders; the defaults where nothing was set."""
        me = str(self._auth.user_id())
        rows = self._transport.run(
            Call(
                lambda db: db.from_("notification_settings").select(_SETTINGS).eq("user_id", me),
                many(NoticeSettings.from_row),
            )
        )
        return rows[0] if rows else NoticeSettings()

    def set(self, settings: NoticeSettings) -> NoticeSettings:
        """Set them all; `dataclasses.replace` changes one thing of what was.

        Raises `Invalid` for half a pair of quiet hours, a language that is none, more than five
        reminders.
        """
        minutes = settings.reminder_minutes
        row = {
            "user_id": str(self._auth.user_id()),
            "locale": settings.locale,
            "quiet_from": settings.quiet_from and settings.quiet_from.isoformat(),
            "quiet_until": settings.quiet_until and settings.quiet_until.isoformat(),
            "reminder_minutes": None if minutes is None else [*minutes],
        }
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("notification_settings")
                    .upsert(row, on_conflict="user_id")
                    .select(_SETTINGS)
                ),
                one(NoticeSettings.from_row),
            )
        )

    def preferences(self) -> builtins.list[NoticePreference]:
        """What you chose. For everything else: every kind by mail, the urgent two by push."""
        me = str(self._auth.user_id())
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("notification_preferences")
                    .select(_PREFERENCE)
                    .eq("user_id", me)
                    .order("kind")
                    .order("channel")
                ),
                many(NoticePreference.from_row),
            )
        )

    def prefer(self, kind: str, *, channel: Channel | str, enabled: bool) -> NoticePreference:
        """Choose whether a kind of notice (`NoticeKind`) comes by that channel."""
        row = {
            "user_id": str(self._auth.user_id()),
            "kind": str(kind),
            "channel": Channel(channel).value,
            "enabled": enabled,
        }
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("notification_preferences")
                    .upsert(row, on_conflict="user_id,kind,channel")
                    .select(_PREFERENCE)
                ),
                one(NoticePreference.from_row),
            )
        )

    def forget(self, kind: str, *, channel: Channel | str) -> None:
        """Let the default hold again. Doing it twice does nothing."""
        me, way = str(self._auth.user_id()), Channel(channel).value
        self._transport.run(
            Call(
                lambda db: (
                    db.from_("notification_preferences")
                    .delete()
                    .eq("user_id", me)
                    .eq("kind", str(kind))
                    .eq("channel", way)
                ),
                nothing,
            )
        )
