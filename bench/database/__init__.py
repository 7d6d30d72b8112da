"""Approving under load, and lists that stay quick when the tables grow a hundredfold."""

from __future__ import annotations

import asyncio

from bench.database.approving import approving
from bench.database.lists import lists
from bench.realtime import own_stack

TITLE = "Database: approving, and lists at a million sessions"


def run() -> list[str]:
    """Lines of Markdown."""
    with own_stack() as env:
        return [*asyncio.run(approving(env)), *asyncio.run(lists(env))]
