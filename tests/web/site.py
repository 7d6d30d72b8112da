"""The built pages on a server of their own, so that a test can give them another configuration."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from local.web import create_web
from tests.support.stack import REPO, StackEnv


def build(out: Path) -> str:
    """Build the pages into `out`; answers what the build printed."""
    done = subprocess.run(
        ["node", "web/build.mjs", "--out", str(out)],
        cwd=REPO, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def config_of(stack: StackEnv, **other: str) -> dict[str, str]:
    return {
        "supabaseUrl": stack.supabase_url,
        "publishableKey": stack.publishable_key,
        "signalingUrl": stack.signaling_url,
        "functionsUrl": stack.functions_url,
    } | other


@contextlib.contextmanager
def serve(pages: Path, config: dict[str, str], host: str = "127.0.0.1") -> Iterator[str]:
    """The origin at which the pages are served meanwhile."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, 0))
    server = uvicorn.Server(
        uvicorn.Config(create_web(pages, config), log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)
        listening.close()
