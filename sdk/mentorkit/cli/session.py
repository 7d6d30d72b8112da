"""What the commands share: where the project is, who is signed in, how to show things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mentorkit import FileStorage, Mentorkit
from mentorkit.errors import Misconfigured


@dataclass(frozen=True)
class Place:
    """The project and the file that keeps the session; `login` remembers the project there."""

    url: str | None
    key: str | None
    signaling_url: str | None
    file: Path
    as_json: bool

    @property
    def storage(self) -> FileStorage:
        """Where the session is kept: a file of mode 0600."""
        return FileStorage(self.file)

    def project(self) -> tuple[str, str]:
        """URL and key, from the options, the environment, or the last login."""
        url = self.url or self.storage.read("url")
        key = self.key or self.storage.read("key")
        if not url or not key:
            raise Misconfigured(
                "Which project? Set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, or give --url and "
                "--key (`python -m local env` prints them for the local one)."
            )
        return url, key

    @contextmanager
    def client(self) -> Iterator[Mentorkit]:
        """A client for the project, signed in if the file says so."""
        url, key = self.project()
        with Mentorkit(url, key, storage=self.storage) as client:
            yield client

    def remember(self) -> None:
        """Keep the project for later commands."""
        url, key = self.project()
        self.storage.write("url", url)
        self.storage.write("key", key)
