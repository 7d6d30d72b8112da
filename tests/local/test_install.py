"""Where PostgreSQL's programs come from."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import pgtap
from local.account import choose_account
from local.faults import StackError
from local.install import copied, find_installation


def program(directory: Path, says: str) -> Path:
    """A directory with a `postgres` that tells its version."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "postgres"
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return directory


def test_another_postgres_is_used_where_it_is(tmp_path: Path) -> None:
    chosen = program(tmp_path, "postgres (PostgreSQL) 16.4 (Debian)")
    found = find_installation({"MENTORKIT_PG_BIN": str(chosen)})
    assert (found.bin, found.major) == (chosen, 16)


@pytest.mark.parametrize("says", ["postgres (PostgreSQL) 14.9", "hello"])
def test_one_that_is_too_old_is_refused_by_name(tmp_path: Path, says: str) -> None:
    with pytest.raises(StackError, match="15 or later"):
        find_installation({"MENTORKIT_PG_BIN": str(program(tmp_path, says))})


def test_one_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="MENTORKIT_PG_BIN"):
        find_installation({"MENTORKIT_PG_BIN": str(tmp_path / "nowhere")})


def test_the_copy_is_made_once_whole_and_leaves_the_original_alone(tmp_path: Path) -> None:
    source = tmp_path / "wheel"
    program(source / "bin", "postgres (PostgreSQL) 17.0")
    (source / "share" / "extension").mkdir(parents=True)
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: copied(source, "17.0", cache), range(4)))
    assert len(made) == 1
    (copy,) = made
    assert os.listdir(cache) == [copy.name], "nothing half made is left"  # noqa: PTH208
    assert (copy / "bin" / "postgres").stat().st_mode & 0o111
    assert (copy / "share" / "extension" / "pgtap.control").exists() == pgtap.available()
    assert list((source / "share" / "extension").iterdir()) == []


def test_only_root_needs_another_user_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert choose_account({"MENTORKIT_PG_USER": "no such user"}, tmp_path) is None
        return
    account = choose_account({}, tmp_path)
    assert account is not None
    assert account.uid != 0
    for name in ("no such user", "root"):
        with pytest.raises(StackError, match="MENTORKIT_PG_USER"):
            choose_account({"MENTORKIT_PG_USER": name}, tmp_path)
    (tmp_path / "PG_VERSION").write_text("17")
    os.chown(tmp_path, 12345, 12345)
    owner = choose_account({}, tmp_path)
    assert owner is not None
    assert (owner.uid, owner.gid) == (12345, 12345)
