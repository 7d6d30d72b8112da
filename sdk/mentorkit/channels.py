"""The values of how users are told elsewhere: mail, push, webhooks, calendars."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Self
from uuid import UUID

from mentorkit._rows import Row, maybe, moment


class Channel(StrEnum):
    """A way to tell a person."""

    MAIL = "mail"
    PUSH = "push"


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    """Being sent right now."""
    SENT = "sent"
    SKIPPED = "skipped"
    """Not wanted, or out of date when its turn came."""
    DEAD = "dead"
    """Given up: the outcome says why."""


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """How a person wants to be told.

    Between `quiet_from` and `quiet_until`, in the zone of their profile, mail and push wait; give
    both or neither. `reminder_minutes` before a session they are reminded: at most five, None as
    the operator set it, empty for none.
    """

    locale: str = "en"
    quiet_from: time | None = None
    quiet_until: time | None = None
    reminder_minutes: tuple[int, ...] | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `notification_settings`."""
        return cls(
            locale=row["locale"],
            quiet_from=maybe(time.fromisoformat, row["quiet_from"]),
            quiet_until=maybe(time.fromisoformat, row["quiet_until"]),
            reminder_minutes=maybe(tuple, row["reminder_minutes"]),
        )


@dataclass(frozen=True, slots=True)
class NoticePreference:
    """Whether a kind of notice comes by a channel."""

    kind: str
    channel: Channel
    enabled: bool

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `notification_preferences`."""
        return cls(row["kind"], Channel(row["channel"]), row["enabled"])


@dataclass(frozen=True, slots=True)
class Calendar:
    """The secret address of a personal calendar."""

    id: UUID
    created_at: datetime | None
    token: str | None = field(default=None, repr=False)
    """What opens it: known when it is made and never again."""

    def address(self, functions_url: str) -> str:
        """What a calendar program subscribes to. Raises ValueError when the token is not known."""
        if self.token is None:
            raise ValueError("The address is shown once, when the calendar is made.")
        return f"{functions_url.rstrip('/')}/calendar-feed/{self.token}.ics"

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `calendar_feeds`, or from the answer that made it."""
        return cls(UUID(row["id"]), maybe(moment, row.get("created_at")), row.get("token"))


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of another program that is told what its owner is told."""

    id: UUID
    url: str
    description: str
    kinds: tuple[str, ...]
    """Empty: every kind."""
    enabled: bool
    """Switched off after ten deliveries in a row that failed for good."""
    failures: int
    created_at: datetime
    secret: str | None = field(default=None, repr=False)
    """What signs the calls: known when it is made or rotated and never again."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `webhook_endpoints`."""
        return cls(
            id=UUID(row["id"]),
            url=row["url"],
            description=row["description"],
            kinds=tuple(row["kinds"]),
            enabled=row["enabled"],
            failures=row["failures"],
            created_at=moment(row["created_at"]),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one address: of mail, of a browser, of a program."""

    id: UUID
    notification_id: UUID
    recipient_id: UUID
    channel: str
    """A `Channel`, or "webhook"."""
    kind: str
    endpoint_id: UUID | None
    subscription_id: UUID | None
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    """None in what the service reads of dead ones: there is no next."""
    outcome: str | None
    response_status: int | None
    created_at: datetime
    closed_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `notification_deliveries`, or an entry of `dead_deliveries`."""
        return cls(
            id=UUID(row["id"]),
            notification_id=UUID(row["notification_id"]),
            recipient_id=UUID(row["recipient_id"]),
            channel=row["channel"],
            kind=row["kind"],
            endpoint_id=maybe(UUID, row["endpoint_id"]),
            subscription_id=maybe(UUID, row["subscription_id"]),
            status=DeliveryStatus(row.get("status", DeliveryStatus.DEAD)),
            attempts=row["attempts"],
            next_attempt_at=maybe(moment, row.get("next_attempt_at")),
            outcome=row["outcome"],
            response_status=row["response_status"],
            created_at=moment(row["created_at"]),
            closed_at=maybe(moment, row["closed_at"]),
        )


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One call to a webhook's address, and what came of it."""

    id: int
    delivery_id: UUID
    attempted_at: datetime
    response_status: int | None
    outcome: str | None
    milliseconds: int | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `webhook_attempts`."""
        return cls(
            id=row["id"],
            delivery_id=UUID(row["delivery_id"]),
            attempted_at=moment(row["attempted_at"]),
            response_status=row["response_status"],
            outcome=row["outcome"],
            milliseconds=row["milliseconds"],
        )


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that shows push messages."""

    id: UUID
    endpoint: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From a row of `push_subscriptions`."""
        return cls(UUID(row["id"]), row["endpoint"], moment(row["created_at"]))
