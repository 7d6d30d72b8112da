"""Bring a stack up, watch over it, take it down."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from os import getpid

from psycopg import AsyncConnection, OperationalError

from local import database, migrate
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


@dataclass
class Supervisor:
    """One running stack. The data directory must be held for as long as this lives."""

    layout: Layout
    ports: Ports
    keys: Keys
    env: Mapping[str, str]
    say: Say
    services: Services = field(init=False)
    children: dict[str, Child] = field(default_factory=dict)
    crashes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = Services(self.layout, self.ports, self.keys, self.env)

    async def up(self) -> None:
        """Start everything; returns when every service answers. Raises StackError, with nothing cleaned up yet."""
        cluster = self.cluster()
        self.services.write_settings()
        self.note(ready=False)
        # Modules load while the database is being made: nothing here touches it before it is released.
        if importlib.util.find_spec("local.gateway.app"):
            await self.add(self.services.gateway())
        await self.add(self.services.web())
        if importlib.util.find_spec("signaling_server.__main__"):
            await self.add(self.services.signaling())
        if not cluster.exists:
            self.say("making the database")
            await cluster.initdb(self.services.base_env())
        cluster.check_version()
        await self.start_postgres(cluster)
        await self.fill()
        await self.add(self.services.postgrest())
        if "gateway" in self.children:
            self.children["gateway"].release()
        await asyncio.gather(*(self.ready(name) for name in self.children if name != "postgres"))
        self.note(ready=True)

    def cluster(self) -> Cluster:
        return place_cluster(self.layout, find_installation(self.env), choose_account(self.env))

    async def add(self, starting: Awaitable[Child]) -> Child:
        child = await starting
        self.children[child.name] = child
        self.note(ready=False)
        return child

    async def start_postgres(self, cluster: Cluster) -> None:
        self.say("starting postgres")
        child = await self.add(
            cluster.start(self.ports.db, self.layout.log("postgres"), self.services.base_env())
        )
        await until_ready(child, self.postgres_answers)

    async def postgres_answers(self) -> bool:
        try:
            conn = await AsyncConnection.connect(
                database_url(self.ports.db, SUPERUSER, "template1"), connect_timeout=5
            )
        except OperationalError:
            return False
        await conn.close()
        return True

    async def fill(self) -> None:
        """Bootstrap, migrations and seed, as far as they are missing."""
        new = await database.bootstrap(database_url(self.ports.db, SUPERUSER))
        if new:
            self.say("laying the Supabase schemas")
        owner = database_url(self.ports.db)
        applied = await migrate.migrate(
            owner, on_applied=lambda one: self.say(f"migration {one.version} {one.name}")
        )
        if (new or applied) and await database.seed(owner, migrate.SEED):
            self.say("seed.sql")

    async def ready(self, name: str) -> None:
        where: dict[str, tuple[int | object, str]] = {
            "postgrest": (self.layout.postgrest_socket, "/"),
            "gateway": (self.ports.gateway, "/health"),
            "signaling": (self.ports.signaling, "/healthz"),
            "web": (self.ports.web, "/config.json"),
        }
        target, path = where[name]
        await until_ready(self.children[name], partial(answers, target, path))  # type: ignore[arg-type]

    def note(self, *, ready: bool) -> None:
        """Write down what runs, for the other commands and for whoever cleans up after a kill -9."""
        pids = {name: child.pid for name, child in self.children.items()}
        born = {name: birth(pid) or "" for name, pid in pids.items()}
        State(pid=getpid(), ready=ready, ports=self.ports, children=pids, born=born).save(
            self.layout.state
        )

    async def watch(self) -> None:
        """Return never: raises StackError when a service ends that cannot be started again."""
        while True:
            waits = {
                asyncio.create_task(child.process.wait()): child for child in self.children.values()
            }
            try:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waits:
                    task.cancel()
            for task in done:
                child = waits[task]
                if child.name != "postgres":
                    raise child.fault()
                await self.revive(child)

    async def revive(self, dead: Child) -> None:
        """Start PostgreSQL again after it died, on the data it left."""
        now = time.monotonic()
        self.crashes = [then for then in self.crashes if now - then < 60] + [now]
        if len(self.crashes) > RESTARTS_A_MINUTE:
            raise dead.fault()
        self.say(f"{dead.fault().args[0].splitlines()[0]}: starting it again")
        cluster = self.cluster()
        # Its own processes notice within moments that it is gone; until then they hold the shared memory.
        deadline = now + 15
        while True:
            child = await self.add(
                cluster.start(self.ports.db, self.layout.log("postgres"), self.services.base_env())
            )
            try:
                await until_ready(child, self.postgres_answers)
                break
            except StackError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
        # PostgREST would find its way back, but with pauses that double: a new one is there at once.
        await self.children["postgrest"].stop()
        await self.add(self.services.postgrest())
        await self.ready("postgrest")
        self.note(ready=True)
        self.say("postgres is back")

    async def down(self) -> None:
        """Stop everything, the database last; returns when no process is left."""
        first = [child for name, child in self.children.items() if name != "postgres"]
        await asyncio.gather(*(child.stop() for child in first))
        if "postgres" in self.children:
            await self.children["postgres"].stop(within=10)
        self.children.clear()
        self.layout.state.unlink(missing_ok=True)
        self.layout.gateway_settings.unlink(missing_ok=True)
        for socket in (self.layout.postgrest_socket, self.layout.control_socket):
            socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.layout.sockets.rmdir()


async def run(supervisor: Supervisor, on_ready: Callable[[], None]) -> None:
    """Bring the stack up and keep it until a signal asks for its end. Whatever happens, nothing is left running."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)

    async def live() -> None:
        await supervisor.up()
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
