"""Hashing of passwords as GoTrue does it, away from the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from local.gateway.auth.faults import Fault, validation, weak_password

# GoTrue's cost; about 50 ms of one core.
COST = 10
# bcrypt reads no further.
MAX_BYTES = 72


class Passwords:
    """Hashes and checks in threads of its own; bcrypt gives up the interpreter lock meanwhile."""

    def __init__(self, min_length: int, *, threads: int = 4, cost: int = COST) -> None:
        self._min_length = min_length
        self._cost = cost
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        # Checked when there is no account: the answer then takes as long as for a wrong password.
        self._nobody = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(cost))

    def check_strength(self, password: str) -> None:
        """Refuse a password that is too short or that bcrypt would cut."""
        if len(password.encode()) > MAX_BYTES:
            raise validation(f"Password cannot be longer than {MAX_BYTES} characters")
        weakness = self.weakness(password)
        if weakness is not None:
            raise weakness

    def weakness(self, password: str) -> Fault | None:
        """What the policy of today says against a password, if anything."""
        if len(password) >= self._min_length:
            return None
        message = f"Password should be at least {self._min_length} characters."
        return weak_password(message, ["length"])

    async def hash(self, password: str) -> str:
        loop = asyncio.get_running_loop()
        salt = bcrypt.gensalt(self._cost)
        hashed = await loop.run_in_executor(self._threads, bcrypt.hashpw, password.encode(), salt)
        return hashed.decode()

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether the password is the one that was hashed; takes its time without a hash too."""
        raw = password.encode()
        too_long = len(raw) > MAX_BYTES
        known = hashed.encode() if hashed else self._nobody
        loop = asyncio.get_running_loop()
        try:
            same = await loop.run_in_executor(self._threads, bcrypt.checkpw, raw[:MAX_BYTES], known)
        except ValueError:
            # Not a bcrypt hash: an account that was brought in without a usable password.
            return False
        return same and not too_long and bool(hashed)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
