"""`python -m signaling_server`: one node, on picows by default, on uvicorn with `--carrier
uvicorn`.
"""

import argparse
import asyncio
import os
import socket
import sys

from signaling_server.logs import configure
from signaling_server.settings import Settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m signaling_server", description=__doc__)
    parser.add_argument("--host", help="address to listen on (SIGNALING_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port, 0 for any (SIGNALING_PORT, 54325)")
    parser.add_argument(
        "--carrier", choices=("picows", "uvicorn"), default="picows", help="what holds the sockets"
    )
    options = parser.parse_args()
    try:
        settings = Settings.from_environment(os.environ, host=options.host, port=options.port)
    except ValueError as exc:
        print(f"signaling_server: {exc}", file=sys.stderr)
        return 2
    configure(settings.log_level)
    try:
        if options.carrier == "uvicorn":
            _uvicorn(settings)
        else:
            _picows(settings)
    except OSError as exc:
        print(f"signaling_server: {exc}; choose another with --port", file=sys.stderr)
        return 1
    return 0


def _announce(port: int, host: str) -> None:
    """The one line on stdout: whoever asked for port 0 learns which it is."""
    print(f"listening on http://{host}:{port}", flush=True)


def _uvicorn(settings: Settings) -> None:
    import uvicorn

    from signaling_server.app import create_app
    from signaling_server.uvicorn_websocket import LeanWebSocket

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                _announce(self.servers[0].sockets[0].getsockname()[1], settings.host)

    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        ws=LeanWebSocket,
        ws_max_size=settings.hard_message_bytes,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        access_log=False,
        log_level=settings.log_level,
    )
    Announcing(config).run()


def _picows(settings: Settings) -> None:
    from signaling_server.listener import serve

    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(settings, _announce))
    else:
        uvloop.run(serve(settings, _announce))


if __name__ == "__main__":
    sys.exit(main())
