"""The limit for Python: a bare relay on picows, no protocol, no checks."""

from __future__ import annotations

import picows
import uvloop


class Relay(picows.WSListener):
    def __init__(self, rooms: dict[bytes, Relay], room: bytes) -> None:
        self._rooms = rooms
        self._room = room
        self.transport: picows.WSTransport | None = None
        self.partner: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        waiting = self._rooms.pop(self._room, None)
        if waiting is None or waiting.transport is None:
            self._rooms[self._room] = self
            return
        self.partner, waiting.partner = waiting.transport, transport
        for one in (transport, waiting.transport):
            one.send(picows.WSMsgType.TEXT, b"paired")

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
        elif self.partner is not None:
            self.partner.send(picows.WSMsgType.TEXT, frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        if self._rooms.get(self._room) is self:
            del self._rooms[self._room]


async def main() -> None:
    rooms: dict[bytes, Relay] = {}

    def accept(request: picows.WSUpgradeRequest) -> Relay:
        return Relay(rooms, request.path)

    server = await picows.ws_create_server(accept, "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
