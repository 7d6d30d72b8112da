"""The Supabase CLI, aimed at a database of the tests."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.support.stack import REPO

CLI = REPO / "node_modules" / ".bin" / "supabase"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def url_of(conninfo: str) -> str:
    """The database's address as the CLI takes it; these servers speak without TLS."""
    parts = {name: quote(str(value)) for name, value in conninfo_to_dict(conninfo).items()}
    return (
        f"postgresql://{parts['user']}:{parts['password']}@{parts['host']}:{parts['port']}"
        f"/{parts['dbname']}?sslmode=disable"
    )


async def supabase(*arguments: str, within: float = 90.0) -> Said:
    """Run the CLI in the repository, without telemetry and without questions."""
    process = await asyncio.create_subprocess_exec(
        str(CLI),
        *arguments,
        cwd=REPO,
        env=os.environ | {"SUPABASE_TELEMETRY_DISABLED": "1"},
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
    return Said(process.returncode or 0, out.decode(), err.decode())
