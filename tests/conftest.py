"""What every test may ask for: a running `stack`, and a `database` of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.database import TestDatabase, copy_database, drop_database, make_database
from tests.support.stack import StackEnv, given_stack, start_stack, stop_stack

TEMPLATE = "mentorkit_template"


@pytest.fixture(scope="session")
def stack_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of `stack`; empty when the stack was given."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(stack_data: Path) -> Iterator[StackEnv]:
    """A Supabase with all migrations: one for each worker, shared by its tests, never reset.

    Started through the command line, or the one that MENTORKIT_TEST_* variables name.
    """
    given = given_stack()
    if given is not None:
        yield given
        return
    try:
        yield start_stack(stack_data)
    finally:
        stop_stack(stack_data)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(stack: StackEnv) -> str:
    """The name of a database with the bootstrap and all migrations, to be copied."""
    await drop_database(stack.database_url, TEMPLATE)
    made = await make_database(stack.database_url, TEMPLATE)
    return made.name


@pytest_asyncio.fixture
async def database(stack: StackEnv, template: str) -> AsyncIterator[TestDatabase]:
    """A fresh database with the bootstrap and all migrations; dropped afterwards."""
    made = await copy_database(stack.database_url, template)
    try:
        yield made
    finally:
        await drop_database(stack.database_url, made.name)
