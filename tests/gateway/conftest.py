"""What tests of the gateway may ask for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from local.keys import Keys
from local.layout import Layout
from tests.gateway.project import Project, new_project
from tests.gateway.serving import (
    Clock,
    Gateway,
    Make,
    running_gateway,
    talking_to,
    threaded_gateway,
)
from tests.support.stack import StackEnv


@pytest.fixture
def email() -> str:
    """An address that nobody else in the run signs up with."""
    return f"{uuid.uuid4().hex}@example.test"


@pytest.fixture
def stack_keys(stack: StackEnv, stack_data: Path) -> Keys:
    """All keys of the stack, the signing ones too."""
    file = Layout.at(stack_data).keys
    if not file.exists():
        pytest.skip("a given Supabase keeps its signing keys to itself")
    return Keys.load(file)


@pytest.fixture
def make_gateway(stack: StackEnv, stack_data: Path, stack_keys: Keys) -> Make:
    """Makes gateways of other settings over the stack's database, keys and PostgREST."""
    layout = Layout.at(stack_data)
    return partial(
        running_gateway,
        keys=stack_keys,
        database_url=make_conninfo(stack.database_url, user="supabase_admin"),
        postgrest_socket=layout.postgrest_socket,
    )


@pytest.fixture
async def gateway(stack: StackEnv) -> AsyncIterator[Gateway]:
    """The stack's own gateway, or that of the Supabase that was given."""
    async with talking_to(
        stack.supabase_url, stack.publishable_key, stack.secret_key, Clock()
    ) as running:
        yield running


@pytest.fixture
async def clocked(make_gateway: Make) -> AsyncIterator[Gateway]:
    """A gateway with the usual settings whose clock the test can turn."""
    async with make_gateway() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def project(
    stack: StackEnv, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Project]:
    """A project with its PostgREST running, shared by the tests of a worker."""
    async with (
        new_project(stack.database_url, short_directory(tmp_path_factory)) as made,
        made.postgrest(),
    ):
        yield made


@pytest.fixture(scope="session")
def project_url(project: Project) -> Iterator[str]:
    """Where a gateway for `project` listens, in a thread of its own."""
    with threaded_gateway(**project.settings()) as url:
        yield url


@pytest.fixture
async def api(project: Project, project_url: str) -> AsyncIterator[Gateway]:
    """The gateway in front of `project`."""
    keys = project.keys
    async with talking_to(project_url, keys.publishable, keys.secret, Clock()) as running:
        yield running


def short_directory(factory: pytest.TempPathFactory) -> Path:
    """A directory whose path leaves room for a socket's name: those have about 100 bytes."""
    return factory.mktemp("p")
