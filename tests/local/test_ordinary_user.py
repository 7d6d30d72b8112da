"""A stack for somebody who is not root. Run by root, these tests step down to such a user."""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from local.account import Account
from tests.local.conftest import reachable_directory
from tests.support.own_stack import can_sign_in, processes_of
from tests.support.people import sign_up
from tests.support.stack import (
    ANY_PORTS,
    REPO,
    local_command,
    read_env,
    start_stack,
    stop_stack,
)

NOBODY = "nobody"


@pytest.fixture
def home() -> Iterator[Path]:
    made = reachable_directory()
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=True)


def as_ordinary_user(home: Path) -> list[str]:
    """The words before a command that make an ordinary user run it, who owns `home`."""
    if os.geteuid() != 0:
        return []
    entry = pwd.getpwnam(NOBODY)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    user = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    someone = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    places = [Path(sys.executable).resolve().parent, Path(sys.executable).parent, REPO]
    if not all(someone.can_enter(place) for place in places):
        # The interpreter lies in root's home: let this user read there, and nothing more.
        user += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return user


def owners_of(pids: Iterable[int]) -> set[int]:
    return {Path(f"/proc/{pid}").stat().st_uid for pid in pids}


async def test_an_ordinary_user_has_a_whole_stack_of_their_own(home: Path) -> None:
    user = as_ordinary_user(home)
    data = home / "data"
    env = os.environ | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}

    def local(command: str, *options: str) -> str:
        done = subprocess.run(
            [*user, *local_command(command, "--data", str(data), *options)],
            cwd=REPO, env=env, capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        assert "ready" in local("up", "--detach", *ANY_PORTS)
        owners = owners_of(processes_of(data))
        assert owners == {home.stat().st_uid}  # noqa: ASYNC240
        assert 0 not in owners
        stack = read_env(data)
        ada = await sign_up(stack, "Ada")
        assert await can_sign_in(stack, ada)
        local("down")

        # What an ordinary user began, root (when these tests are root's) can take up.
        stack = await asyncio.to_thread(start_stack, data)
        assert await can_sign_in(stack, ada)
    finally:
        await asyncio.to_thread(stop_stack, data)
    assert processes_of(data) == {}


def test_root_steps_down_to_a_user_who_can_reach_what_it_needs() -> None:
    somebody = Account("somebody", uid=54321, gid=54321)
    assert somebody.can_enter(Path("/usr/bin"))
    assert somebody.can_enter(Path("/usr/not/there/yet"))


def test_a_private_directory_cannot_be_entered(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert not Account("somebody", uid=54321, gid=54321).can_enter(private / "data")


def test_another_users_directory_is_refused_with_a_word(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make another user's directory")
    user = as_ordinary_user(home)
    data = home / "data"
    data.mkdir(mode=0o755)  # root's
    for options in ((), ("--detach",)):
        done = subprocess.run(
            [*user, *local_command("up", "--data", str(data), *ANY_PORTS, *options)],
            cwd=REPO, capture_output=True, text=True, check=False, timeout=60,
            env=os.environ | {"HOME": str(home)},
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert str(data) in done.stderr
        assert "Traceback" not in done.stderr
