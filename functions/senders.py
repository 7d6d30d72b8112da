"""What every way of sending has in common."""

from typing import Protocol

from functions.mime import Letter
from functions.notices import Delivery


class Sender(Protocol):
    """Sends one claimed delivery, or raises `DeliveryFailed`."""

    async def send(self, delivery: Delivery) -> int | None:
        """Send it; the receiver's status when there is one worth keeping."""

    async def aclose(self) -> None:
        """Give back connections."""


class Postbox(Protocol):
    """Hands finished mails to a mail server: by SMTP, or by a provider's HTTP interface."""

    async def post(self, letter: Letter) -> None:
        """Returns when the server has taken the mail; raises `DeliveryFailed`."""

    async def aclose(self) -> None:
        """Give back connections."""
