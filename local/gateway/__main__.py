"""Run the gateway of one stack: `python -m local.gateway --settings FILE`, as `up` does.

The modules are loaded first; then, with `--gated`, it waits for a line on its standard input. So
the slow part of starting happens while the database is still being made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import uvicorn

from local.gateway.app import create_gateway
from local.gateway.settings import GatewaySettings
from local.keys import Keys
from local.ports import HOST
from local.serverless import serverless


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument(
        "--settings", type=Path, required=True, help="the JSON file that `up` wrote"
    )
    parser.add_argument("--gated", action="store_true", help="wait for a line on standard input")
    asked = parser.parse_args()
    if asked.gated and not sys.stdin.readline():
        return 0  # whoever was to give the word has gone
    raw = json.loads(asked.settings.read_text())
    functions = None
    if "mail_port" in raw:
        every = float(os.environ.get("MENTORKIT_TIMED_WORK_SECONDS") or 5)
        functions = serverless(
            os.environ, raw["mail_port"], Path(raw["mail_folder"]), timed_work_every=every
        )
    settings = GatewaySettings(
        url=raw["url"],
        keys=Keys.load(Path(raw["keys"])),
        database_url=raw["database_url"],
        postgrest_socket=Path(raw["postgrest_socket"]),
        functions=functions,
    )
    uvicorn.run(
        create_gateway(settings),
        host=HOST,
        port=raw["port"],
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # frames stay on this machine
        timeout_graceful_shutdown=1,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
