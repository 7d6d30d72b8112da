"""When something breaks, subscribers learn that changes may be missing, come again, and hear on."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import psycopg
import pytest
from realtime import RealtimeSubscribeStates

from tests.realtime.clients import Watcher, connected
from tests.realtime.notes import notes
from tests.support.campaign import size
from tests.support.own_stack import OwnStack
from tests.support.people import Person, sign_up
from tests.support.stack import StackEnv, start_stack, stop_stack
from tests.support.wait import eventually

SUBSCRIBED = RealtimeSubscribeStates.SUBSCRIBED
CHANNEL_ERROR = RealtimeSubscribeStates.CHANNEL_ERROR
TABLE = """
    create table public.notes (id int primary key, owner uuid not null);
    alter table public.notes enable row level security;
    grant select on public.notes to authenticated;
    create policy own on public.notes for select to authenticated using (auth.uid() = owner);
    alter publication supabase_realtime add table public.notes;
"""


async def came_back(watcher: Watcher, within: float = 20.0) -> None:
    """Wait until the channel was told of an error, and then joined again with changes flowing."""

    async def joined_again() -> bool:
        return watcher.states[-1] == SUBSCRIBED and CHANNEL_ERROR in watcher.states

    await eventually(joined_again, within)
    async with asyncio.timeout(within):
        await watcher.flowing.wait()


async def break_stream(stack: StackEnv) -> None:
    admin = stack.database_url.replace("//postgres:", "//supabase_admin:")
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_replication"
            " where application_name = 'realtime'"
        )


async def test_a_broken_stream_of_changes_is_told_and_mended(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        watcher.flowing.clear()
        await break_stream(stack)
        await came_back(watcher)
        assert "Database connection lost" in str(watcher.errors[0])
        await table.add(ada.id, "after")
        assert [data["record"]["body"] for data in await watcher.hears(1)] == ["after"]


async def test_who_reads_again_when_told_misses_nothing(stack: StackEnv, ada: Person) -> None:
    """Rows are written all the time, the stream breaks again and again; heard and read are all."""
    async with notes(stack) as table, notes(stack) as other, connected(stack, ada) as client:
        watcher = Watcher(client, "n").changes(table.name, "INSERT")
        read: set[int] = set()
        readings: list[asyncio.Task[None]] = []

        async def read_again() -> None:
            name = f"public.{table.name}"
            rows = await (await other.connection.execute(f"select id from {name}")).fetchall()
            read.update(number for (number,) in rows)

        watcher.channel.on_system(lambda _: readings.append(asyncio.create_task(read_again())))
        await watcher.start()
        written: set[int] = set()
        for _ in range(size(2, 20)):
            watcher.flowing.clear()
            for number in range(60):
                written.add(await table.add(ada.id))
                if number == 30:
                    await break_stream(stack)
            async with asyncio.timeout(20):
                while not watcher.flowing.is_set():
                    written.add(await table.add(ada.id))

        async def nothing_missing() -> bool:
            return written <= read | {row["id"] for row in watcher.records}

        await eventually(nothing_missing)
        assert len(watcher.records) < len(written), "the stream never broke"
        await asyncio.gather(*readings)


@asynccontextmanager
async def cut_off(stack: StackEnv) -> AsyncIterator[tuple[StackEnv, asyncio.Event]]:
    """The stack behind a line; setting the event cuts whatever is connected then."""
    address = stack.supabase_url.removeprefix("http://")
    host, _, port = address.partition(":")
    cut = asyncio.Event()
    lines: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        ways = [
            asyncio.create_task(pass_on(reader, back)),
            asyncio.create_task(pass_on(there, writer)),
            asyncio.create_task(cut.wait()),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, back):
            # No lingering: the other side is to see a reset, not a polite end.
            socket = end.get_extra_info("socket")
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()

    def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(line(reader, writer))
        lines.add(task)
        task.add_done_callback(lines.discard)

    server = await asyncio.start_server(opened, "127.0.0.1", 0)
    local = server.sockets[0].getsockname()[1]
    try:
        yield StackEnv(**{**vars(stack), "supabase_url": f"http://127.0.0.1:{local}"}), cut
    finally:
        cut.set()
        server.close()
        await asyncio.gather(*lines, return_exceptions=True)


@pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")  # of supabase-py's own
async def test_a_client_whose_line_was_cut_reconnects_and_hears_on(
    stack: StackEnv, ada: Person
) -> None:
    async with (
        notes(stack) as table,
        cut_off(stack) as (far, cut),
        connected(far, ada, initial_backoff=0.1) as client,
    ):
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.add(ada.id, "before")
        await watcher.hears(1)
        watcher.flowing.clear()
        cut.set()

        async def noticed() -> bool:
            return CHANNEL_ERROR in watcher.states

        await eventually(noticed)
        cut.clear()
        await came_back(watcher)
        await table.add(ada.id, "after")
        await watcher.hears(2)
        assert [row["body"] for row in watcher.records] == ["before", "after"]


async def test_a_killed_postgres_is_survived(tmp_path: Path) -> None:
    """kill -9 of the database: the same client, without doing anything, hears on afterwards."""
    try:
        stack = await asyncio.to_thread(start_stack, tmp_path)
        ada = await sign_up(stack)
        async with await psycopg.AsyncConnection.connect(
            stack.database_url, autocommit=True
        ) as before:
            await before.execute(TABLE)
            async with connected(stack, ada) as client:
                watcher = await Watcher(client, "n").changes("notes").start()
                watcher.flowing.clear()
                os.kill(OwnStack(tmp_path).pid("postgres"), signal.SIGKILL)
                await came_back(watcher, within=30)
                async with await psycopg.AsyncConnection.connect(
                    stack.database_url, autocommit=True
                ) as after:
                    await after.execute("insert into public.notes values (1, %s)", (ada.id,))
                assert [data["record"]["id"] for data in await watcher.hears(1)] == [1]
    finally:
        await asyncio.to_thread(stop_stack, tmp_path)
