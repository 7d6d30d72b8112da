"""Which user runs PostgreSQL. It refuses to run as root; everybody else runs it themselves."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.faults import StackError

# A machine with PostgreSQL has the first, every machine has the second.
LIKELY = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An unprivileged user that root steps down to."""

    name: str
    uid: int
    gid: int

    def can_enter(self, path: Path) -> bool:
        """True when this user may pass into `path`, judged by the modes of it and its parents."""
        return all(self._may_pass(parent) for parent in (path, *path.parents))

    def _may_pass(self, directory: Path) -> bool:
        try:
            facts = directory.stat()
        except FileNotFoundError:
            return True  # still to be made, by us
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & 0o100)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & 0o010)
        return bool(facts.st_mode & 0o001)

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


def choose_account(env: Mapping[str, str], database: Path) -> Account | None:
    """Whom to run PostgreSQL as: None means as ourselves.

    As root it is the owner of the `database` that is there already, else MENTORKIT_PG_USER, or the
    person behind `sudo`, or a system user without privileges.
    """
    if os.geteuid() != 0:
        return None
    if (database / "PG_VERSION").exists():
        facts = database.stat()
        return Account(str(facts.st_uid), facts.st_uid, facts.st_gid)
    named = env.get("MENTORKIT_PG_USER")
    for name in (named,) if named else (env.get("SUDO_USER"), *LIKELY):
        try:
            entry = pwd.getpwnam(name or "root")
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        f"PostgreSQL does not run as root, and there is no user {named or ' or '.join(LIKELY)} to "
        "run it as: set MENTORKIT_PG_USER to an existing unprivileged user."
    )
