"""A wire that can be cut: a small TCP proxy between a client and the gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Wire:
    """Forwards to a port of this machine until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._held = asyncio.Event()
        self._held.set()
        self._lose_next_answer = False
        self.accepted = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._link, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.sever()
        for task in list(self._links):
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        await self._server.wait_closed()

    def sever(self) -> None:
        """Cut every connection with a reset, as when a router forgets them."""
        for socket in list(self._sockets):
            socket.transport.abort()
        self._held.set()

    def freeze(self) -> None:
        """Let nothing through any more and say nothing: no FIN, no RST, as when a cable is out."""
        self._held.clear()

    def thaw_for_new(self) -> None:
        """New connections work; those that were frozen stay silent for ever."""
        self._held = asyncio.Event()
        self._held.set()

    def lose_next_answer(self) -> None:
        """Cut the connection when the server has answered, before the client hears it."""
        self._lose_next_answer = True

    def _heard(self) -> None:
        if self._lose_next_answer:
            self._lose_next_answer = False
            raise ConnectionResetError

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        self._sockets.add(writer)
        held = self._held
        onward: asyncio.StreamWriter | None = None
        try:
            answers, onward = await asyncio.open_connection("127.0.0.1", self._target)
            self._sockets.add(onward)
            await asyncio.gather(
                _pump(reader, onward, held),
                _pump(answers, writer, held, self._heard),
            )
        except (OSError, asyncio.CancelledError):
            pass  # cut, or the test is over
        finally:
            for socket in (writer, onward):
                if socket is not None:
                    self._sockets.discard(socket)
                    socket.transport.abort()
            self._links.discard(task)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    held: asyncio.Event,
    heard: Callable[[], None] = lambda: None,
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            await held.wait()
            heard()
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
