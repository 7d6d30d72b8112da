"""What the functions share while one app lives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.addresses import Outbound
from functions.deliver import Deliverer
from functions.links import Signer
from functions.senders import Sender
from functions.settings import Settings
from functions.supabase import Supabase

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """Made by `create_app`, closed at the end of its lifespan."""

    settings: Settings
    supabase: Supabase
    senders: Mapping[str, Sender]
    deliverer: Deliverer
    outbound: Outbound
    signer: Signer
    clock: Clock

    async def aclose(self) -> None:
        for sender in self.senders.values():
            await sender.aclose()
        await self.supabase.aclose()
