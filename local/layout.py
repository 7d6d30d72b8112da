"""Where a stack keeps its things."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
BOOTSTRAP = Path(__file__).resolve().parent / "bootstrap"

# sockaddr_un holds 108 bytes on Linux, 104 on macOS, with the closing zero.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Layout:
    """The paths inside one data directory. Making one touches nothing on disk."""

    data: Path

    @classmethod
    def at(cls, data: str | Path) -> Layout:
        return cls(Path(data).absolute())

    @property
    def keys(self) -> Path:
        return self.data / "keys.json"

    @property
    def state(self) -> Path:
        """What runs, written when the stack is ready and removed when it stops."""
        return self.data / "state.json"

    @property
    def gateway_settings(self) -> Path:
        return self.data / "gateway.json"

    @property
    def mail(self) -> Path:
        """The mails that were caught, a file each."""
        return self.data / "mail"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def database(self) -> Path:
        """The PostgreSQL cluster, or a link to it where its owner cannot reach this directory."""
        return self.data / "database"

    @property
    def sockets(self) -> Path:
        """A private directory for unix sockets, near enough for their short paths."""
        near = self.data / "run"
        if len(os.fsencode(near)) + len("/postgrest.sock") <= LONGEST_SOCKET_PATH:
            return near
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"mentorkit-{os.getuid()}-{name}"

    @property
    def postgrest_socket(self) -> Path:
        return self.sockets / "postgrest.sock"

    @property
    def control_socket(self) -> Path:
        """Where a running stack takes orders from `python -m local`."""
        return self.sockets / "control.sock"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def remove(self) -> None:
        """Remove what a stack keeps beside its database, and nothing else that may lie there."""
        for directory in (self.logs, self.mail, self.sockets):
            shutil.rmtree(directory, ignore_errors=True)
        for file in (self.keys, self.state, self.gateway_settings):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            self.data.rmdir()

    def make(self) -> None:
        """Make the directories; sockets can be reached by this user only."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        # Its name in the directory for everybody's files can be guessed.
        if os.getuid() not in (0, self.sockets.stat().st_uid):
            raise PermissionError(errno.EPERM, "belongs to another user", str(self.sockets))
