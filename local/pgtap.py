"""pgTAP for the embedded Postgres: plain SQL files, from the npm package that carries them."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from local.layout import REPO

ARCHIVE = REPO / "node_modules/@electric-sql/pglite-pgtap/dist/pgtap.tar.gz"


def available() -> bool:
    return ARCHIVE.exists()


def install(share_dir: Path) -> None:
    """Put pgTAP's files into `share_dir`/extension, so that `create extension pgtap` works there.

    Only the newest version is put there, not the upgrades between old ones. Nothing happens when
    it is there already.
    """
    target = share_dir / "extension"
    if (target / "pgtap.control").exists():
        return
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            name = Path(member.name).name
            wanted = name == "pgtap.control" or (
                name.startswith("pgtap--") and name.count("--") == 1
            )
            source = archive.extractfile(member) if member.isfile() and wanted else None
            if source is not None:
                with source, (target / name).open("wb") as out:
                    shutil.copyfileobj(source, out)
