"""A worker of the thirty days: does the timed work again and again by a clock it is shown.

Runs until it is killed: `python -m tests.functions.worker SETTINGS_JSON CLOCK_FILE`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from functions.app import create_context
from functions.context import Context
from functions.settings import Settings
from functions.timed_work import do_timed_work


def write_settings(settings: Settings, file: Path) -> None:
    def plain(value: Any) -> Any:
        return {"seconds": value.total_seconds()} if isinstance(value, timedelta) else value

    file.write_text(json.dumps({name: plain(value) for name, value in asdict(settings).items()}))


def read_settings(file: Path) -> Settings:
    raw = json.loads(file.read_text())
    values: dict[str, Any] = {
        name: timedelta(**value) if isinstance(value, dict) else value
        for name, value in raw.items()
    }
    return Settings(**values)


async def work(context: Context) -> None:
    print("ready", flush=True)
    while True:
        await do_timed_work(context)
        await asyncio.sleep(0.02)


def main() -> None:
    settings, clock = Path(sys.argv[1]), Path(sys.argv[2])

    def now() -> datetime:
        return datetime.fromisoformat(clock.read_text())

    asyncio.run(work(create_context(read_settings(settings), clock=now)))


if __name__ == "__main__":
    main()
