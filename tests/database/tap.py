"""Run a pgTAP file and read what it says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from psycopg import AsyncConnection

from tests.support.database import TestDatabase

TESTS = Path(__file__).resolve().parents[2] / "supabase" / "tests"
PLAN = re.compile(r"1\.\.(\d+)")


async def run_tap(database: TestDatabase, file: Path) -> list[str]:
    """Every line of the file's TAP, as the role that migrations have, as `supabase test db` does.

    Making the extension is a superuser's work here; there it is in place.
    """
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        await conn.execute("create extension if not exists pgtap with schema extensions")
    text = await asyncio.to_thread(file.read_bytes)
    lines: list[str] = []
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        cursor = await conn.execute(text)
        more: bool | None = True
        while more:
            if cursor.description is not None:
                lines += [
                    line
                    for row in await cursor.fetchall()
                    for value in row
                    for line in str(value).splitlines()
                ]
            more = cursor.nextset()
    return lines


def faults(lines: list[str]) -> list[str]:
    """What is wrong with a run: failed tests, explained, and a plan that was not kept."""
    wrong = [line for line in lines if line.startswith(("not ok", "#"))]
    plans = [int(match[1]) for line in lines if (match := PLAN.fullmatch(line))]
    ran = sum(line.startswith(("ok ", "not ok ")) for line in lines)
    if plans != [ran]:
        wrong.append(f"the plan was {plans}, {ran} tests ran")
    return wrong
