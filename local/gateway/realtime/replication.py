"""The stream of committed changes: logical replication through pgoutput on a temporary slot.

A polled slot (`pg_logical_slot_get_binary_changes`) costs time even when nothing happens, and an
answer comes half a poll late. The server pushes instead: psycopg's libpq layer speaks enough of
the replication protocol for that. The slot is temporary, so a crash of ours never holds back WAL.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from psycopg import pq
from psycopg.conninfo import make_conninfo

# Values arrive as text, so their form must not depend on how the server is configured.
SETTINGS = (
    "-c datestyle=ISO -c timezone=UTC -c intervalstyle=postgres -c bytea_output=hex "
    "-c extra_float_digits=1 -c client_encoding=UTF8"
)
STATUS_SECONDS = 5.0


class StreamLost(Exception):
    """The stream ended: the server went away, or refused."""


class Stream:
    """One replication connection. Iterate it once; messages come in commit order."""

    def __init__(self, connection: pq.abc.PGconn) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._readable = asyncio.Event()
        self._done_lsn = 0
        self._reported_at = self._loop.time()
        # Remembered: a connection that broke has forgotten it, and whoever is given the same number
        # next, a client of the gateway, would never be read from.
        self._socket = connection.socket
        self._loop.add_reader(self._socket, self._readable.set)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._connection.finish()

    async def start(self, publications: Sequence[str]) -> None:
        """Make the slot and begin: every transaction that commits after this is seen.

        Capitals matter: the replication grammar knows its words in no other form.
        """
        slot = f"realtime_{secrets.token_hex(6)}"
        names = ",".join(f'"{name}"' for name in publications)
        await self._command(
            f"CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"
        )
        await self._command(
            f"START_REPLICATION SLOT {slot} LOGICAL 0/0 "
            f"(proto_version '1', publication_names '{names}')"
        )

    async def _command(self, text: str) -> None:
        self._connection.send_query(text.encode())
        while self._connection.is_busy():
            await self._wait(None)
        result = self._connection.get_result()
        if result is None or result.status not in (
            pq.ExecStatus.TUPLES_OK,
            pq.ExecStatus.COPY_BOTH,
        ):
            raise StreamLost(self._connection.get_error_message().strip())
        if result.status == pq.ExecStatus.TUPLES_OK:
            self._connection.get_result()

    async def _wait(self, seconds: float | None) -> None:
        self._readable.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._readable.wait()
        except TimeoutError:
            return
        self._consume()

    def _consume(self) -> None:
        try:
            self._connection.consume_input()
        except Exception as exc:
            raise StreamLost(str(exc).strip()) from exc

    async def messages(self) -> AsyncGenerator[bytes, None]:
        """The pgoutput messages, one by one. What was yielded counts as done at the next one."""
        while True:
            size, data = self._connection.get_copy_data(1)
            if size == 0:
                await self._wait(STATUS_SECONDS)
                if not self._readable.is_set():
                    self._report()
            elif size < 0:
                raise StreamLost(self._end_reason())
            elif data[0] == ord("w"):
                yield bytes(data[25:])
                self._done_lsn = max(self._done_lsn, struct.unpack_from(">Q", data, 1)[0])
                if self._loop.time() > self._reported_at + STATUS_SECONDS:
                    self._report()
            elif data[0] == ord("k"):
                wal_end, _, wants_reply = struct.unpack_from(">QQB", data, 1)
                self._done_lsn = max(self._done_lsn, wal_end)
                if wants_reply:
                    self._report()

    def _report(self) -> None:
        """Tell the server how far we are; it frees WAL, and a stopping server waits for this."""
        self._reported_at = self._loop.time()
        done = self._done_lsn
        self._connection.put_copy_data(struct.pack(">cQQQqB", b"r", done, done, done, 0, 0))
        self._connection.flush()

    def _end_reason(self) -> str:
        result = self._connection.get_result()
        message = result.error_message if result is not None else b""
        return bytes(message).decode(errors="replace").strip() or "the server ended the stream"


@asynccontextmanager
async def open_stream(
    database_url: str,
    publications: Sequence[str],
    connect: Callable[[bytes], pq.abc.PGconn] = pq.PGconn.connect,
) -> AsyncIterator[Stream]:
    """A started stream. Raises StreamLost when the server cannot be reached or refuses."""
    conninfo = make_conninfo(
        database_url,
        replication="database",
        options=SETTINGS,
        connect_timeout=5,
        application_name="realtime",
    )
    connection = await asyncio.to_thread(connect, conninfo.encode())
    if connection.status != pq.ConnStatus.OK:
        message = connection.get_error_message().strip()
        connection.finish()
        raise StreamLost(message)
    connection.nonblocking = 1
    stream = Stream(connection)
    try:
        await stream.start(publications)
        yield stream
    finally:
        stream.close()
