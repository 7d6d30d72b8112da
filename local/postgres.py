"""The embedded PostgreSQL server: its cluster on disk and how it is started."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.account import Account
from local.child import Child, finish, spawn
from local.faults import StackError
from local.install import Installation
from local.layout import Layout
from local.ports import HOST

SUPERUSER = "supabase_admin"
PASSWORD = "postgres"

# What was written is safe with the kernel when a process is killed; only a power cut could lose it.
# That is a good trade for development. Commits still write their WAL before they return.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "fsync": "off",
    "max_connections": "200",
    "max_wal_senders": "12",
    "max_replication_slots": "24",
    "max_slot_wal_keep_size": "512MB",
    "shared_buffers": "64MB",
    "shared_preload_libraries": "pg_stat_statements",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
SINCE_16 = {"scram_iterations": "256"}

ELSEWHERE = Path("/var/lib/mentorkit")
BELONGS_TO = "belongs-to"


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster on disk, and what it takes to run it."""

    path: Path
    installation: Installation
    account: Account | None

    @property
    def exists(self) -> bool:
        return (self.path / "PG_VERSION").exists()

    def check_version(self) -> None:
        made_by = (self.path / "PG_VERSION").read_text().strip()
        if made_by != str(self.installation.major):
            raise StackError(
                f"the database in {self.path} was made by PostgreSQL {made_by}, this is "
                f"{self.installation.major}: `up --fresh` makes a new one and removes the old data."
            )

    async def initdb(self, env: Mapping[str, str]) -> None:
        """Make the cluster: under another name first, so one left half made is not taken for it."""
        scratch = self.path.with_name(f"{self.path.name}.new")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700, parents=True)
        descriptor, password_file = tempfile.mkstemp(dir=self.path.parent)
        os.write(descriptor, PASSWORD.encode())
        os.close(descriptor)
        if self.account is not None:
            self.account.own(scratch)
            self.account.own(Path(password_file))
        # Text sorts the same on every machine: by code point, with Unicode's upper and lower case.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            await finish(
                [
                    self.installation.tool("initdb"),
                    *("--pgdata", str(scratch), "--username", SUPERUSER, "--pwfile", password_file),
                    *("--encoding=UTF8", "--auth=scram-sha-256", "--no-sync", "--no-instructions"),
                    *(locale if self.installation.major >= 17 else ["--locale=C.UTF-8"]),
                ],
                env=env,
                account=self.account,
            )
        finally:
            os.unlink(password_file)  # noqa: PTH108
        scratch.rename(self.path)

    async def start(self, port: int, log: Path, env: Mapping[str, str]) -> Child:
        """Start the server. It needs a moment before it answers, and after a crash some more."""
        settings = SETTINGS | {"port": str(port)}
        if self.installation.major >= 16:
            settings |= SINCE_16
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return await spawn(
            "postgres",
            [self.installation.tool("postgres"), "-D", str(self.path), *options],
            log=log,
            env=env,
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": open sessions are ended, data is written
        )

    def end_strays(self) -> None:
        """Kill sessions that outlived their server, which would keep a new one from starting.

        They notice by themselves, but not while they compute. Only when the server is known to be
        dead; does nothing where there is no /proc.
        """
        home = self.path.resolve()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink() == home:
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:  # gone meanwhile, or not ours
                continue
        # Its process id may belong to somebody else by now, for whom PostgreSQL would wait in vain.
        # It still finds out by itself whether the shared memory is in use.
        (self.path / "postmaster.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self.path.with_name(f"{self.path.name}.new"), ignore_errors=True)


def place_cluster(layout: Layout, installation: Installation, account: Account | None) -> Cluster:
    """The cluster of a data directory.

    It lies in the data directory. Where the user that runs PostgreSQL cannot get there (below
    root's own home), it lies in /var/lib/mentorkit, and the data directory holds a link to it:
    without the link it is nobody's, and removed when the next such cluster is placed.
    """
    link = layout.database
    if account is None or account.can_enter(layout.data):
        if link.is_symlink():
            link.unlink()
        return Cluster(link, installation, account)
    name = hashlib.sha256(os.fsencode(layout.data)).hexdigest()[:16]
    home = ELSEWHERE / name
    cluster = Cluster(home / "database", installation, account)
    if not link.is_symlink():
        cluster.remove()  # the data directory it belonged to is gone
        link.symlink_to(cluster.path)
    remove_forsaken()
    home.mkdir(parents=True, exist_ok=True)
    (home / BELONGS_TO).write_text(str(link))
    for directory in (ELSEWHERE, home):
        directory.chmod(0o755)
    return cluster


def remove_forsaken() -> None:
    """Remove clusters outside of data directories whose data directory was deleted."""
    for note in ELSEWHERE.glob(f"*/{BELONGS_TO}"):
        with contextlib.suppress(FileNotFoundError):  # somebody else is at it
            if not Path(note.read_text()).is_symlink():
                shutil.rmtree(note.parent, ignore_errors=True)


def database_url(port: int, user: str = "postgres", database: str = "postgres") -> str:
    return f"postgresql://{user}:{PASSWORD}@{HOST}:{port}/{database}"
