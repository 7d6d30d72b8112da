# Generated from mentorkit/_async/webhooks.py by scripts/generate_sync.py: change that file.
"""Telling other programs."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from mentorkit import _columns, _page
from mentorkit._calls import MINIMAL, Call, Database, function, nothing
from mentorkit._rows import identity, many, one
from mentorkit._sync.transport import Transport
from mentorkit.channels import Delivery, DeliveryStatus, Webhook, WebhookAttempt


class Webhooks:
    """Programs that are told what you are told. Reached as `client.webhooks`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, *, url: str, kinds: Iterable[str] = (), description: str = "") -> Webhook:
        """Have notices of these kinds sent to an address; without kinds, all of them.

        Its `secret` signs the calls and is shown this once. Raises `Invalid` (bad_url,
        text_too_long), `TooMany` (too_many_endpoints: ten are enough). Whether the address may be
        called (https, public) is checked with every call.
        """
        parameters = {
            "url": url,
            "kinds": [str(kind) for kind in kinds],
            "description": description,
        }
        made: dict[str, Any] = self._transport.run(
            function("create_webhook_endpoint", parameters, dict)
        )
        return dataclasses.replace(self.get(made["id"]), secret=made["secret"])

    def list(self) -> builtins.list[Webhook]:
        """Yours, the oldest first."""
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("webhook_endpoints").select(_columns.WEBHOOK).order("created_at")
                ),
                many(Webhook.from_row),
            )
        )

    def get(self, webhook_id: UUID | str) -> Webhook:
        """One of yours. Raises `NotFound`."""
        row = identity("webhook_id", webhook_id)
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("webhook_endpoints").select(_columns.WEBHOOK).eq("id", row).single()
                ),
                one(Webhook.from_row),
            )
        )

    def update(
        self,
        webhook_id: UUID | str,
        *,
        url: str | None = None,
        kinds: Iterable[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Webhook:
        """Change one; what is None stays. Switching it on again forgets its failures."""
        row = identity("webhook_id", webhook_id)
        values = {
            "url": url,
            "kinds": None if kinds is None else [str(kind) for kind in kinds],
            "description": description,
            "enabled": enabled,
        }
        changes = {column: value for column, value in values.items() if value is not None}
        if not changes:
            return self.get(row)
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("webhook_endpoints")
                    .update(changes)
                    .eq("id", row)
                    .select(_columns.WEBHOOK)
                    .single()
                ),
                one(Webhook.from_row),
            )
        )

    def rotate_secret(self, webhook_id: UUID | str) -> str:
        """Have its calls signed with a new secret from now on; gives it, this once."""
        parameters = {"endpoint_id": identity("webhook_id", webhook_id)}
        return self._transport.run(function("rotate_webhook_secret", parameters, str))

    def delete(self, webhook_id: UUID | str) -> None:
        """Send nothing more there. Doing it twice does nothing."""
        row = identity("webhook_id", webhook_id)
        self._transport.run(
            Call(
                lambda db: db.from_("webhook_endpoints").delete(returning=MINIMAL).eq("id", row),
                nothing,
            )
        )

    def deliveries(
        self,
        webhook_id: UUID | str,
        *,
        status: DeliveryStatus | str | None = None,
        limit: int = 100,
        after: Delivery | None = None,
    ) -> builtins.list[Delivery]:
        """What was sent there or waits, the newest first; `after` ends the page before."""
        row = identity("webhook_id", webhook_id)
        state = None if status is None else DeliveryStatus(status)
        most = _page.size(limit)

        def build(db: Database) -> Any:
            query = db.from_("notification_deliveries").select(_columns.DELIVERY)
            query = query.eq("endpoint_id", row)
            if state is not None:
                query = query.eq("status", state.value)
            if after is not None:
                query = _page.after(query, "created_at", after.created_at, after.id)
            return query.order("created_at", desc=True).order("id", desc=True).limit(most)

        return self._transport.run(Call(build, many(Delivery.from_row)))

    def attempts(self, delivery_id: UUID | str) -> builtins.list[WebhookAttempt]:
        """Every call that was made for a delivery, the first one first."""
        row = identity("delivery_id", delivery_id)
        return self._transport.run(
            Call(
                lambda db: (
                    db.from_("webhook_attempts")
                    .select(_columns.ATTEMPT)
                    .eq("delivery_id", row)
                    .order("id")
                ),
                many(WebhookAttempt.from_row),
            )
        )

    def replay(self, delivery_id: UUID | str) -> None:
        """Send a delivery again, with the id it had.

        Raises `Conflict` (delivery_under_way) while it waits or is being sent, `NotFound`.
        """
        parameters = {"delivery_id": identity("delivery_id", delivery_id)}
        self._transport.run(function("replay_webhook", parameters, nothing))
