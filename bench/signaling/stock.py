"""The same small server on python-socketio as it comes, under uvicorn: where this started from."""

from __future__ import annotations

import asyncio
from typing import Any

import socketio
import uvicorn


def create_app() -> socketio.ASGIApp:
    server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
    rooms: dict[str, list[str]] = {}
    room_of: dict[str, str] = {}

    @server.event  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        return

    @server.event  # type: ignore[untyped-decorator]
    async def join(sid: str, wanted: dict[str, str]) -> dict[str, Any]:
        inside = rooms.setdefault(wanted["room"], [])
        if len(inside) >= 2:
            return {"error": {"code": "room_full"}}
        peers = [{"peer": peer} for peer in inside]
        for peer in inside:
            await server.emit("peer-joined", {"peer": sid}, to=peer)
        inside.append(sid)
        room_of[sid] = wanted["room"]
        return {"peer": sid, "peers": peers}

    @server.event  # type: ignore[untyped-decorator]
    async def signal(sid: str, message: dict[str, Any]) -> None:
        to = message.pop("to")
        if to in rooms.get(room_of.get(sid, ""), ()):
            await server.emit("signal", {"from": sid, **message}, to=to)

    @server.event  # type: ignore[untyped-decorator]
    async def disconnect(sid: str, reason: str) -> None:
        inside = rooms.get(room_of.pop(sid, ""), [])
        if sid in inside:
            inside.remove(sid)

    return socketio.ASGIApp(server)


async def main() -> None:
    config = uvicorn.Config(
        create_app(), host="127.0.0.1", port=0, ws="websockets-sansio", log_level="critical"
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await asyncio.sleep(0.01)
    print(f"port {server.servers[0].sockets[0].getsockname()[1]}", flush=True)
    await serving


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
