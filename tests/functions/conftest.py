"""The parts of the function tests: a Supabase of their own, a mail server, a receiver of calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.functions.house import House, open_house
from tests.functions.receivers import CallServer, MailServer, call_server, mail_server
from tests.support.database import copy_database, drop_database
from tests.support.stack import StackEnv


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house(
    stack: StackEnv, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = await copy_database(stack.database_url, template)
    try:
        async with open_house(database, tmp_path_factory.mktemp("house")) as made:
            yield made
    finally:
        await drop_database(stack.database_url, database.name)


@pytest_asyncio.fixture
async def house(shared_house: House) -> House:
    """A Supabase without people, in which nothing waits to be sent."""
    await shared_house.forget()
    return shared_house


@pytest_asyncio.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A real SMTP server that keeps what it gets."""
    async with mail_server() as server:
        yield server


@pytest_asyncio.fixture
async def calls() -> AsyncIterator[CallServer]:
    """A real HTTP server that keeps the calls it gets."""
    async with call_server() as server:
        yield server
