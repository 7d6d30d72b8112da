"""The channel `mail`: writes the letter and posts it."""

from collections.abc import Callable
from datetime import datetime

from functions.errors import DeliveryFailed
from functions.letters import write
from functions.notices import Delivery
from functions.senders import Postbox
from functions.settings import Settings


class MailSender:
    """Sends deliveries as mail through a postbox."""

    def __init__(self, settings: Settings, postbox: Postbox, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._postbox = postbox
        self._clock = clock

    async def send(self, delivery: Delivery) -> int | None:
        try:
            letter = write(delivery, self._settings, self._clock())
        except ValueError as exc:
            # An address that no mail can carry; the same tomorrow.
            raise DeliveryFailed(f"no letter: {exc}", permanent=True) from exc
        await self._postbox.post(letter)
        return None

    async def aclose(self) -> None:
        await self._postbox.aclose()
