"""Run a Node script to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path


async def run_node(script: Path, env: Mapping[str, str], within: float = 60.0) -> str:
    """What a script printed; fails with its error output when it does not exit with 0."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(script),
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), within)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    assert process.returncode == 0, f"{script.name}\n{out.decode()}\n{err.decode()}"
    return out.decode()
