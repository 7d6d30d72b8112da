"""Whatever is killed or in the way: no data lost, nothing left behind, and a message that helps."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest
from psycopg import AsyncConnection, OperationalError

from tests.local.conftest import Prepared
from tests.support.campaign import size
from tests.support.own_stack import OwnStack, can_sign_in, own_profile, processes_of
from tests.support.people import Person, sign_up
from tests.support.stack import ANY_PORTS, run_local
from tests.support.wait import eventually

SERVICES = ("gateway", "postgrest", "signaling", "web")
FLAGS = {
    "--port": "gateway",
    "--db-port": "db",
    "--signaling-port": "signaling",
    "--web-port": "web",
}


async def test_killing_postgres_loses_nothing(own: OwnStack) -> None:
    env = await own.up()
    for _ in range(size(1, 4)):
        ben = await sign_up(env, "Ben")
        killed = own.pid("postgres")
        os.kill(killed, signal.SIGKILL)

        async with httpx.AsyncClient(base_url=env.supabase_url, timeout=5) as http:
            # An answer now, be it an error: nobody is kept waiting for a database that is gone.
            for path in ("/rest/v1/subjects", "/auth/v1/settings", "/rest/v1/subjects"):
                await http.get(path, headers={"apikey": env.publishable_key})

        async def back(killed: int = killed) -> bool:
            return own.pid("postgres") != killed and own.log("stack").endswith("is back\n")

        await eventually(back, within=20)

        async def all_work(ben: Person = ben) -> bool:
            return await can_sign_in(env, ben) and await own_profile(env, ben)

        await eventually(all_work, within=10)


async def test_a_session_that_does_not_notice_the_kill_is_not_waited_for(own: OwnStack) -> None:
    env = await own.up()
    async with await AsyncConnection.connect(env.database_url, autocommit=True) as conn:
        busy = asyncio.create_task(conn.execute("select sum(n) from generate_series(1, 1e12) as n"))
        backend = conn.info.backend_pid

        async def computes() -> bool:
            return cpu_ticks(backend) > 5

        await eventually(computes, within=20)
        os.kill(own.pid("postgres"), signal.SIGKILL)
        with pytest.raises(OperationalError):
            await asyncio.wait_for(busy, 20)
        assert backend not in processes_of(own.data)

    async def works() -> bool:
        return "postgres is back" in own.log("stack")

    await eventually(works, within=20)


def cpu_ticks(pid: int) -> int:
    """How long a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("service", SERVICES[: size(2, 4)])
async def test_a_service_that_dies_ends_the_stack_and_is_named(own: OwnStack, service: str) -> None:
    await own.up()
    os.kill(own.pid(service), signal.SIGKILL)
    await own.ended()
    assert own.state() == {}
    status = await own.local("status")
    assert status.code == 3
    assert f"{service} was killed by SIGKILL" in status.out
    assert str(own.data / "logs" / f"{service}.log") in status.out


async def test_killing_the_supervisor_leaves_no_orphans(own: OwnStack) -> None:
    await own.up()
    os.kill(own.supervisor(), signal.SIGKILL)
    await own.ended()


async def test_up_right_after_the_supervisor_was_killed(own: OwnStack, prepared: Prepared) -> None:
    await own.up()
    before = set(processes_of(own.data))
    os.kill(own.supervisor(), signal.SIGKILL)
    assert await can_sign_in(await own.up(), prepared.ada)
    assert before.isdisjoint(processes_of(own.data))


async def test_a_cluster_left_by_a_killed_machine_starts(own: OwnStack) -> None:
    # After a power cut the process id in postmaster.pid may be anybody's: here, this test's.
    file = own.data / "database" / "postmaster.pid"
    owner = (own.data / "database").stat()
    file.write_text(f"{os.getpid()}\n{own.data / 'database'}\n1\n5432\n\n127.0.0.1\n")
    os.chown(file, owner.st_uid, owner.st_gid)
    await own.up()


@pytest.mark.parametrize("flag", FLAGS)
async def test_a_taken_port_is_named_before_anything_starts(blank: OwnStack, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = await blank.local("up", "--detach", *ANY_PORTS, flag, str(port))
    assert said.code == 1
    assert f"port {port}" in said.err
    assert f"{flag} " in said.err
    assert FLAGS[flag] in said.err
    assert "starting" not in said.out
    assert processes_of(blank.data) == {}


async def test_a_missing_postgrest_is_told_before_anything_starts(blank: OwnStack) -> None:
    said = await run_local(
        "up", "--data", str(blank.data), *ANY_PORTS,
        env={**os.environ, "PGRST_BIN": "/nowhere/postgrest"},
    )  # fmt: skip
    assert (said.code, said.out) == (1, "")
    assert "PostgREST is not at /nowhere/postgrest" in said.err
    assert "make setup" in said.err


async def test_ports_that_cannot_be_are_refused(blank: OwnStack) -> None:
    twice = await blank.local("up", *ANY_PORTS, "--port", "23456", "--web-port", "23456")
    assert twice.code == 1
    assert "23456 is asked for twice" in twice.err
    too_high = await blank.local("up", "--db-port", "70000")
    assert too_high.code == 2
    assert "70000 is not a port" in too_high.err


async def test_two_stacks_side_by_side_share_nothing(own: OwnStack, another: OwnStack) -> None:
    one, two = await asyncio.gather(own.up(), another.up())
    ben = await sign_up(one, "Ben")
    assert await can_sign_in(one, ben)
    assert not await can_sign_in(two, ben)
    await own.local("down")
    assert await own_profile(two, await sign_up(two, "Cleo"))
