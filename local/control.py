"""Orders to a running stack, over a unix socket that only its owner can reach.

One order a connection: the client sends a line of JSON `{"order": name}`, the stack answers with
lines `{"say": text}` while it works and a last one, `{"done": true}` or `{"error": text}`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from local.faults import StackError

Say = Callable[[str], None]
Order = Callable[[Say], Awaitable[None]]


async def listen(socket: Path, orders: Mapping[str, Order]) -> asyncio.Server:
    """Take orders until the server is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(**said: object) -> None:
            writer.write(json.dumps(said).encode() + b"\n")

        try:
            asked = json.loads(await reader.readline() or b"{}")
            order = orders.get(asked.get("order"))
            if order is None:
                send(error=f"unknown order {asked.get('order')!r}")
            else:
                await order(lambda text: send(say=text))
                send(done=True)
        except StackError as exc:
            send(error=str(exc))
        except ConnectionError:
            pass  # who asked has gone away; what was begun is finished
        finally:
            writer.close()

    socket.unlink(missing_ok=True)  # noqa: ASYNC240
    return await asyncio.start_unix_server(answer, socket)


async def order(socket: Path, name: str, say: Say) -> None:
    """Give an order and pass on what the stack says; raises StackError when it is not done."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError as exc:
        raise StackError(f"the stack takes no orders at {socket}: {exc}") from exc
    writer.write(json.dumps({"order": name}).encode() + b"\n")
    try:
        while line := await reader.readline():
            said = json.loads(line)
            if "say" in said:
                say(said["say"])
            elif "error" in said:
                raise StackError(said["error"])
            else:
                return
    finally:
        writer.close()
    raise StackError(f"the stack ended before {name} was done")
