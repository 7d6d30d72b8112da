"""Where a signed-in session is kept between runs.

Pass one to `AsyncMentorkit(..., storage=...)` or `Mentorkit(..., storage=...)`. Anything with the
three methods of `Storage` will do.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Storage(Protocol):
    """Keeps short texts under names. May block: the async face calls it in a thread."""

    def read(self, name: str) -> str | None:
        """The text, or None."""

    def write(self, name: str, text: str) -> None:
        """Keep the text."""

    def remove(self, name: str) -> None:
        """Forget it; nothing happens when it is not there."""


class MemoryStorage:
    """Forgets everything when the process ends; what clients use unless told otherwise."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        """The text, or None."""
        return self._texts.get(name)

    def write(self, name: str, text: str) -> None:
        """Keep the text."""
        self._texts[name] = text

    def remove(self, name: str) -> None:
        """Forget it."""
        self._texts.pop(name, None)


class FileStorage:
    """One file that only its owner may read (0600), replaced whole at every write.

    A file that others may read is refused with PermissionError: the token in it is a password.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).expanduser()

    def read(self, name: str) -> str | None:
        """The text, or None."""
        text = self._texts().get(name)
        return text if isinstance(text, str) else None

    def write(self, name: str, text: str) -> None:
        """Keep the text."""
        self._replace({**self._texts(), name: text})

    def remove(self, name: str) -> None:
        """Forget it."""
        texts = self._texts()
        if texts.pop(name, None) is not None:
            self._replace(texts)

    def _texts(self) -> dict[str, Any]:
        try:
            mode = self._path.stat().st_mode
        except FileNotFoundError:
            return {}
        if os.name == "posix" and mode & 0o077:
            raise PermissionError(
                f"{self._path} can be read by others; make it yours: chmod 600 {self._path}"
            )
        try:
            texts = json.loads(self._path.read_text("utf-8"))
        except ValueError:
            return {}  # cut off by a crash of an older version: signing in again repairs it
        return texts if isinstance(texts, dict) else {}

    def _replace(self, texts: dict[str, Any]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600; the rename means nobody ever reads half of it.
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(texts, file)
            Path(temporary).replace(self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise


class KeyringStorage:
    """The key ring of the operating system. Needs `pip install mentorkit[keyring]`."""

    def __init__(self, service: str = "mentorkit") -> None:
        try:
            import keyring
        except ImportError as missing:
            raise RuntimeError(
                "The key ring needs an extra: pip install 'mentorkit[keyring]'"
            ) from missing
        self._keyring = keyring
        self._service = service

    def read(self, name: str) -> str | None:
        """The text, or None."""
        return self._keyring.get_password(self._service, name)

    def write(self, name: str, text: str) -> None:
        """Keep the text."""
        self._keyring.set_password(self._service, name, text)

    def remove(self, name: str) -> None:
        """Forget it."""
        if self.read(name) is not None:
            self._keyring.delete_password(self._service, name)
