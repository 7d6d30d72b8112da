"""Bring a stack up, watch over it, take it down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from os import getpid
from pathlib import Path

from psycopg import AsyncConnection, OperationalError

from local import control, database, migrate
from local.account import choose_account
from local.child import Child
from local.faults import StackError
from local.install import find_installation
from local.keys import Keys
from local.layout import Layout
from local.ports import Ports
from local.postgres import SUPERUSER, Cluster, database_url, place_cluster
from local.ready import answers, until_ready
from local.services import Services
from local.state import State, birth

Say = Callable[[str], None]

# How often PostgreSQL may die and be started again within a minute before the stack gives up.
RESTARTS_A_MINUTE = 5
RECOVER_WITHIN = 20.0


class Supervisor:
    """One running stack. The data directory must be held for as long as this lives.

    `children` are the services as they are meant to be: one that ends while it is in there has
    failed; one that is stopped on purpose is taken out first.
    """

    def __init__(
        self, layout: Layout, ports: Ports, keys: Keys, env: Mapping[str, str], say: Say
    ) -> None:
        self.layout = layout
        self.ports = ports
        self.env = env
        self.say = say
        self.services = Services(layout, ports, keys, env)
        self.children: dict[str, Child] = {}
        self._ready = False
        self._ended: asyncio.Queue[Child] = asyncio.Queue()
        self._reapers: set[asyncio.Task[None]] = set()
        self._crashes: list[float] = []
        # A reset and a restart after a crash must not meet.
        self._changing = asyncio.Lock()

    async def up(self) -> None:
        """Start everything; returns when every service answers.

        Raises StackError when one does not. What was started is left to `down`.
        """
        self.services.postgrest_binary()  # better told now than after all else was done
        cluster = self._cluster()
        self.services.write_settings()
        # Their modules load while the database is being made; the gateway waits to be released.
        for start in (self.services.gateway, self.services.signaling, self.services.web):
            await self._add(start())
        if not cluster.exists:
            self.say("making the database")
            await cluster.initdb(self.services.base_env())
        cluster.check_version()
        cluster.end_strays()
        self.say("starting postgres")
        await self._start_postgres(cluster)
        await self._fill(self.say)
        await self._add(self.services.postgrest())
        self.children["gateway"].release()
        await self._all_ready()

    def _cluster(self) -> Cluster:
        account = choose_account(self.env, self.layout.database)
        return place_cluster(self.layout, find_installation(self.env), account)

    async def _add(self, starting: Awaitable[Child]) -> Child:
        child = await starting
        self.children[child.name] = child
        self._note()

        async def reap() -> None:
            await child.process.wait()
            self._ended.put_nowait(child)

        task = asyncio.create_task(reap())
        self._reapers.add(task)
        task.add_done_callback(self._reapers.discard)
        return child

    async def _remove(self, *names: str) -> None:
        going = [self.children.pop(name) for name in names if name in self.children]
        await asyncio.gather(*(child.stop() for child in going))

    async def _start_postgres(self, cluster: Cluster) -> None:
        log = self.layout.log("postgres")
        child = await self._add(cluster.start(self.ports.db, log, self.services.base_env()))
        await until_ready(child, self._postgres_answers)

    async def _postgres_answers(self) -> bool:
        url = database_url(self.ports.db, SUPERUSER, "template1")
        try:
            conn = await AsyncConnection.connect(url, connect_timeout=5)
        except OperationalError:
            return False
        await conn.close()
        return True

    async def _fill(self, say: Say) -> None:
        """Bootstrap, migrations and seed, as far as they are missing."""
        new = await database.bootstrap(database_url(self.ports.db, SUPERUSER))
        if new:
            say("laying the Supabase schemas")
        owner = database_url(self.ports.db)
        applied = await migrate.migrate(
            owner, on_applied=lambda one: say(f"migration {one.version} {one.name}")
        )
        if (new or applied) and await database.seed(owner, migrate.SEED):
            say("seed.sql")

    async def _all_ready(self) -> None:
        where: dict[str, tuple[Path | int, str]] = {
            "postgrest": (self.layout.postgrest_socket, "/"),
            "gateway": (self.ports.gateway, "/health"),
            "signaling": (self.ports.signaling, "/healthz"),
            "web": (self.ports.web, "/config.json"),
        }
        await asyncio.gather(
            *(
                until_ready(self.children[name], partial(answers, *asked))
                for name, asked in where.items()
            )
        )
        self._ready = True
        self._note()

    def _note(self) -> None:
        """Write down what runs: for the other commands, and for who cleans up after a kill -9."""
        pids = {name: child.pid for name, child in self.children.items()}
        born = {name: birth(pid) or "" for name, pid in pids.items()}
        state = State(pid=getpid(), ready=self._ready, ports=self.ports, children=pids, born=born)
        state.save(self.layout.state)

    async def watch(self) -> None:
        """Return never: raises StackError when a service ended that is not started again."""
        while True:
            child = await self._ended.get()
            if self.children.get(child.name) is not child:
                continue
            if child.name != "postgres":
                raise child.fault()
            async with self._changing:
                await self._revive(child)

    async def _revive(self, dead: Child) -> None:
        """Start PostgreSQL again after it died, on the data it left."""
        now = time.monotonic()
        self._crashes = [then for then in self._crashes if now - then < 60] + [now]
        if len(self._crashes) > RESTARTS_A_MINUTE:
            raise dead.fault()
        self.say(f"postgres {dead.how_it_ended()}: starting it again")
        cluster = self._cluster()
        while True:
            del self.children["postgres"]
            cluster.end_strays()
            try:
                await self._start_postgres(cluster)
                break
            except StackError:
                if time.monotonic() > now + RECOVER_WITHIN:
                    raise
                await asyncio.sleep(0.1)
        # PostgREST would find its way back, but with pauses that double; a new one is quicker.
        await self._remove("postgrest")
        await self._add(self.services.postgrest())
        await self._all_ready()
        self.say("postgres is back")

    async def reset(self, say: Say) -> None:
        """The database anew: bootstrap, migrations, seed. Clients see the gateway go and return."""
        async with self._changing:
            try:
                await self._remove("gateway", "postgrest")
                say("removing the database")
                await database.recreate(database_url(self.ports.db, SUPERUSER, "template1"))
                await self._fill(say)
            finally:
                await self._add(self.services.postgrest())
                gateway = await self._add(self.services.gateway())
                gateway.release()
                await self._all_ready()
            say("ready")

    async def down(self) -> None:
        """Stop everything, the database last; returns when no process is left."""
        for task in self._reapers:
            task.cancel()
        await self._remove(*(name for name in self.children if name != "postgres"))
        await self._remove("postgres")
        for file in (
            self.layout.state,
            self.layout.gateway_settings,
            self.layout.postgrest_socket,
            self.layout.control_socket,
        ):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.layout.sockets.rmdir()


async def run(supervisor: Supervisor, on_ready: Callable[[], None]) -> None:
    """Bring the stack up and keep it until SIGINT, SIGTERM or SIGHUP asks for its end.

    Whatever happens, nothing is left running. Raises StackError when the stack could not go on.
    """
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)

    async def live() -> None:
        await supervisor.up()
        orders = {"reset": supervisor.reset}
        async with await control.listen(supervisor.layout.control_socket, orders):
            on_ready()
            await supervisor.watch()

    life = asyncio.create_task(live())
    asked = asyncio.create_task(ending.wait())
    try:
        await asyncio.wait((life, asked), return_when=asyncio.FIRST_COMPLETED)
        if not life.done():
            supervisor.say("stopping")
            life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
    finally:
        asked.cancel()
        await supervisor.down()
