"""Serve the reference pages: static files, and `/config.json` that says where Supabase is."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.keys import Keys
from local.layout import Layout
from local.ports import HOST
from local.services import Services, web_root
from local.state import State


def create_web(root: Path, config: dict[str, str]) -> Starlette:
    """The pages below `root`; `/config.json` answers `config`."""

    async def config_json(request: Request) -> Response:
        return JSONResponse(config, headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/config.json", config_json),
            Mount("/", StaticFiles(directory=root, html=True, check_dir=False)),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.web", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data directory of the stack")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    layout = Layout.at(asked.data)
    state = State.load(layout.state)
    if state is None:
        parser.error(f"no stack runs from {layout.data}")
    urls = Services(layout, state.ports, Keys.load(layout.keys), {}).urls
    config = {
        "supabaseUrl": urls["SUPABASE_URL"],
        "publishableKey": urls["SUPABASE_PUBLISHABLE_KEY"],
        "signalingUrl": urls["SIGNALING_URL"],
        "functionsUrl": urls["FUNCTIONS_URL"],
    }
    uvicorn.run(
        create_web(web_root(), config),
        host=HOST,
        port=asked.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
