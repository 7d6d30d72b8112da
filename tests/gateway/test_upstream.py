"""The HTTP client for PostgREST, against servers that misbehave in ways PostgREST seldom does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from local.gateway.upstream import Exchange, Upstream, UpstreamDown, request_head
from tests.support.wait import eventually

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = request_head(b"GET", b"/", [(b"host", b"x")])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def server(directory: Path, serve: Serve) -> AsyncIterator[Path]:
    """A server on a unix socket that runs `serve` for each connection, then closes it."""

    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(connected(reader, writer)))

    socket = directory / "s"
    running = await asyncio.start_unix_server(accepted, socket)
    try:
        yield socket
    finally:
        running.close()
        await asyncio.gather(*serving)


def answering(*answers: bytes) -> Serve:
    """Serves requests without a body: each connection gets these answers in turn."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

    return serve


async def get(upstream: Upstream, *, is_head: bool = False) -> tuple[int, bytes]:
    exchange = await upstream.acquire()
    try:
        await exchange.send(GET, None, is_head=is_head)
        await exchange.response()
        return exchange.status, await whole(exchange)
    finally:
        upstream.release(exchange)


async def whole(exchange: Exchange) -> bytes:
    pieces = []
    async for piece, more in exchange.body():
        pieces.append(piece)
        if not more:
            break
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            b"ok",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    ],
)
async def test_every_framing_is_read_and_the_connection_kept(
    tmp_path: Path, answer: bytes, body: bytes
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(answer, answer, answer)(reader, writer)

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket)
        for _ in range(3):
            assert (await get(upstream))[1] == body
        upstream.close()
    assert connections == 1


async def test_an_answer_in_single_bytes_is_read(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in OK:
            writer.write(bytes([byte]))
            await writer.drain()

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket)
        assert await get(upstream) == (200, b"ok")
        upstream.close()


async def test_an_answer_to_head_ends_with_its_headers(tmp_path: Path) -> None:
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    async with server(tmp_path, answering(announced, OK)) as socket:
        upstream = Upstream(socket)
        assert await get(upstream, is_head=True) == (200, b"")
        assert await get(upstream) == (200, b"ok")
        upstream.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nConte", b"no http at all\r\n\r\n"],
    ids=["nothing", "half of the headers", "nonsense"],
)
async def test_a_server_that_leaves_before_its_answer_is_down(
    tmp_path: Path, answer: bytes
) -> None:
    async with server(tmp_path, answering(answer)) as socket:
        upstream = Upstream(socket)
        with pytest.raises(UpstreamDown):
            await get(upstream)
        upstream.close()


async def test_a_body_that_breaks_off_is_no_whole_body(tmp_path: Path) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    async with server(tmp_path, answering(half)) as socket:
        upstream = Upstream(socket)
        with pytest.raises(UpstreamDown):
            await get(upstream)
        upstream.close()


async def test_no_server_is_down(tmp_path: Path) -> None:
    with pytest.raises(UpstreamDown):
        await Upstream(tmp_path / "nobody").acquire()


async def test_a_connection_the_server_closed_is_not_used_again(tmp_path: Path) -> None:
    async with server(tmp_path, answering(OK)) as socket:
        upstream = Upstream(socket)

        async def noticed() -> bool:
            return upstream.idle_connections == 0

        for _ in range(3):
            assert await get(upstream) == (200, b"ok")
            await eventually(noticed)
        upstream.close()


async def test_a_connection_that_was_idle_too_long_is_not_used_again(tmp_path: Path) -> None:
    now = 0.0
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(*3 * [OK])(reader, writer)

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket, clock=lambda: now)
        await get(upstream)
        await get(upstream)
        assert connections == 1
        now = 60.0
        await get(upstream)
        assert connections == 2
        upstream.close()


async def test_a_request_that_is_refused_early_is_not_sent_to_its_end(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000
            await asyncio.sleep(0)

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket)
        exchange = await upstream.acquire()
        await exchange.send(GET, endless(), is_head=False)
        await exchange.response()
        assert exchange.status == 413
        assert not exchange.reusable, "the rest of the request is missing on it"
        upstream.release(exchange)


async def test_a_slow_reader_holds_the_server_back(tmp_path: Path) -> None:
    total = 20_000_000
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while written < total:
            writer.write(b"x" * 100_000)
            written += 100_000
            await writer.drain()

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket)
        exchange = await upstream.acquire()
        await exchange.send(GET, None, is_head=False)
        await exchange.response()
        for _ in range(200):
            await asyncio.sleep(0)  # nobody reads, however often the server may run
        assert written < total / 4
        assert len(await whole(exchange)) == total
        upstream.release(exchange)
        upstream.close()


async def test_no_more_connections_than_allowed(tmp_path: Path) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(*10 * [OK])(reader, writer)

    async with server(tmp_path, serve) as socket:
        upstream = Upstream(socket, limit=2)
        answers = await asyncio.gather(*(get(upstream) for _ in range(10)))
        assert answers == 10 * [(200, b"ok")]
        upstream.close()
    assert connections == 2
