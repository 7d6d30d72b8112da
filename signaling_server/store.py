"""Redis as one node uses it: decisions, leases, seats left for other nodes, publishing.

`up` says whether anything may be decided. A fault takes it down at once; only `repair.py` puts it
up again, after it has written down what Redis may have forgotten.
"""

import json
import secrets
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from signaling_server import link, scripts
from signaling_server.link import HandOver
from signaling_server.settings import Settings

P = scripts.PREFIX
FAULTS = (RedisError, OSError, TimeoutError)


class Store:
    """What `node` reads and writes. Calls raise one of FAULTS when Redis is away."""

    def __init__(self, settings: Settings, node: str) -> None:
        self.node = node
        self.up = False
        self.epoch = b""  # names the memory of Redis that this node has written its rooms to
        self._lease = int(settings.lease_seconds * 1000)
        self._redis = redis.asyncio.Redis.from_url(
            settings.redis_url,
            socket_timeout=2,
            socket_connect_timeout=2,
            health_check_interval=0,
            retry=Retry(NoBackoff(), 0),
        )
        self._scripts = {
            name: self._redis.register_script(getattr(scripts, name))
            for name in ("JOIN", "LEAVE", "AWAY", "LOOK")
        }

    def down(self) -> None:
        self.up = False

    async def decide(
        self, name: str, room: str, *arguments: str | int | bytes, user: str = ""
    ) -> dict[str, Any]:
        """Run one of the scripts on a room; answers what it says."""
        keys = [f"{P}room:{room}", f"{P}user:{user}"]
        said = await self._scripts[name](keys=keys, args=[self.node, *arguments])
        answer: dict[str, Any] = json.loads(said)
        if not answer.get("members"):
            answer["members"] = []  # Lua has one empty table for lists and objects
        return answer

    async def publish(self, node: str, data: bytes) -> None:
        """Tell one node something, or notice that Redis is away; never raises."""
        try:
            await self._redis.publish(f"{P}to:{node}", data)
        except FAULTS:
            self.down()

    def listen(self) -> Any:
        """A subscriber; its channel is `channel`."""
        return self._redis.pubsub(ignore_subscribe_messages=True)

    @property
    def channel(self) -> str:
        return f"{P}to:{self.node}"

    # Leases.

    async def renew_lease(self) -> None:
        await self._redis.set(f"{P}node:{self.node}", b"1", px=self._lease)

    async def end_lease(self) -> None:
        await self._redis.delete(f"{P}node:{self.node}")

    async def lives(self, node: str) -> bool:
        return bool(await self._redis.exists(f"{P}node:{node}"))

    # Epochs: a Redis that came back empty has none.

    async def begin_epoch(self) -> None:
        """Give Redis an epoch unless it has one."""
        await self._redis.set(f"{P}epoch", secrets.token_hex(8), nx=True)

    async def read_epoch(self) -> bytes:
        epoch: Any = await self._redis.get(f"{P}epoch")
        return epoch or b""

    # Seats of a node that goes.

    async def keep_seat(self, state: HandOver, milliseconds: int) -> None:
        await self._redis.set(f"{P}seat:{state.peer}", link.encode(state), px=milliseconds)

    async def take_seat(self, peer: str) -> HandOver | None:
        stored: Any = await self._redis.getdel(f"{P}seat:{peer}")
        found = link.decode(stored) if stored else None
        return found if isinstance(found, HandOver) else None

    async def close(self) -> None:
        await self._redis.aclose()
