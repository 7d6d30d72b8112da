"""Up, down and the commands between, as a person at a terminal uses them."""

from __future__ import annotations

import asyncio
import json
import signal
from functools import partial

import pytest

from tests.local.conftest import Prepared
from tests.support.campaign import size
from tests.support.own_stack import OwnStack, can_sign_in, own_profile
from tests.support.people import sign_up
from tests.support.stack import ANY_PORTS, REPO, local_command
from tests.support.wait import eventually

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def test_down_and_up_again_keeps_people_and_keys(own: OwnStack, prepared: Prepared) -> None:
    env = await own.up()
    assert await can_sign_in(env, prepared.ada)
    assert env.publishable_key == prepared.env.publishable_key
    assert env.secret_key == prepared.env.secret_key

    said = await own.local("down")
    assert (said.code, said.out) == (0, "stopped\n")
    await own.ended(within=1)
    assert own.state() == {}


async def test_fresh_starts_without_the_old_data(own: OwnStack, prepared: Prepared) -> None:
    env = await own.up("--fresh", *ANY_PORTS)
    assert not await can_sign_in(env, prepared.ada)
    assert await own_profile(env, await sign_up(env, "Ben"))


async def test_two_at_once_start_one_stack(own: OwnStack) -> None:
    both = await asyncio.gather(*(own.local("up", "--detach", *ANY_PORTS) for _ in range(2)))
    assert [said.code for said in both] == [0, 0], both
    assert sorted("already running" in said.out for said in both) == [False, True]


async def test_up_on_a_running_stack_says_so_and_tells_the_same(running: OwnStack) -> None:
    env = running.env()
    again = await running.local("up", "--detach", *ANY_PORTS)
    assert again.code == 0
    assert "already running" in again.out
    assert env.supabase_url in again.out
    assert env.publishable_key in again.out
    for person in ("student@mentorkit.test", "mentor@mentorkit.test"):
        assert person in again.out

    in_foreground = await running.local("up", "--port", "1")
    assert in_foreground.code == 0
    assert "it keeps its ports" in in_foreground.out


async def test_commands_tell_of_a_running_stack(running: OwnStack) -> None:
    env = running.env()
    status = await running.local("status")
    assert status.code == 0
    for service in ("postgres", "postgrest", "gateway", "signaling", "web"):
        assert f"{service}  pid {running.pid(service)}" in status.out

    variables = json.loads((await running.local("env", "--json")).out)
    assert variables["SUPABASE_URL"] == env.supabase_url
    assert variables["FUNCTIONS_URL"] == f"{env.supabase_url}/functions/v1"
    as_shell = (await running.local("env")).out
    assert f"export SUPABASE_URL={env.supabase_url}\n" in as_shell

    logs = await running.local("logs", "postgres", "-n", "1000")
    assert "database system is ready to accept connections" in logs.out
    unknown = await running.local("logs", "mysql")
    assert unknown.code == 1
    assert "postgres" in unknown.err


async def test_commands_tell_of_a_stopped_stack(own: OwnStack) -> None:
    assert (await own.local("status")).code == 3
    missing = await own.local("env")
    assert missing.code == 1
    assert "python -m local up" in missing.err
    down = await own.local("down")
    assert (down.code, "not running" in down.out) == (0, True)
    reset = await own.local("reset")
    assert reset.code == 0
    assert not (own.data / "database").exists(), "the next `up` makes it anew"


async def test_keys_are_readable_by_their_owner_only_and_in_no_log(running: OwnStack) -> None:
    assert (running.data / "keys.json").stat().st_mode & 0o777 == 0o600
    secret_key = running.env().secret_key
    for log in (running.data / "logs").iterdir():
        assert secret_key not in log.read_text(), log


async def test_reset_makes_the_database_anew_and_keeps_keys_and_ports(running: OwnStack) -> None:
    env = running.env()
    ben = await sign_up(env, "Ben")
    assert await own_profile(env, ben)

    said = await running.local("reset")
    assert said.code == 0, said.err
    assert running.env() == env
    assert not await can_sign_in(env, ben)
    assert await own_profile(env, await sign_up(env, "Cleo"))


@pytest.mark.parametrize("number", SIGNALS[: size(2, 3)])
async def test_a_signal_ends_all_of_it(own: OwnStack, number: signal.Signals) -> None:
    async with own.in_foreground() as terminal:
        assert terminal.stdout is not None
        async for line in terminal.stdout:
            if line.strip().startswith(b"logs "):  # the last of the welcome
                break
        terminal.send_signal(number)
        assert await asyncio.wait_for(terminal.wait(), 15) == 0
        await own.ended(within=1)
        assert own.state() == {}


async def test_a_signal_while_starting_ends_all_of_it(own: OwnStack) -> None:
    async with own.in_foreground() as terminal:

        async def postgres_runs() -> bool:
            return "postgres" in str(own.state().get("children"))

        await eventually(postgres_runs, within=10)
        terminal.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(terminal.wait(), 15) == 0
        await own.ended(within=1)
        assert own.state() == {}


async def test_ctrl_c_while_waiting_for_a_detached_start_calls_it_off(own: OwnStack) -> None:
    waiting = await asyncio.create_subprocess_exec(
        *local_command("up", "--detach", "--data", str(own.data), *ANY_PORTS),
        cwd=REPO,
        stdout=asyncio.subprocess.DEVNULL,
        # as a terminal starts it; a job in the background would have been told to ignore ctrl-C
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )

    async def has_begun() -> bool:
        return bool(own.state())

    await eventually(has_begun, within=10)
    waiting.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(waiting.wait(), 15) == 130
    await own.ended(within=1)
    assert own.state() == {}
