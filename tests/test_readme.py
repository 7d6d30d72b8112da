"""The README tells the truth: its stories run, its links lead somewhere, its folders exist."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import StackEnv, start_stack, stop_stack

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
STORIES = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackEnv]:
    """A stack with nothing but the seed in it, as a reader has: the best mentor is the seed's."""
    data = tmp_path_factory.mktemp("reader")
    try:
        yield start_stack(data)
    finally:
        stop_stack(data)


async def run_story(source: str, stack: StackEnv) -> str:
    """Run a block as the program that a reader would make of it; gives what it printed."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        source,
        env={
            **os.environ,
            "SUPABASE_URL": stack.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await program.communicate()
    assert program.returncode == 0, err.decode()
    return out.decode()


def test_the_readme_has_the_story_in_both_faces() -> None:
    assert len(STORIES) == 2
    assert "AsyncMentorkit" in STORIES[0]
    assert "AsyncMentorkit" not in STORIES[1]


async def test_the_async_story_ends_in_a_room_and_a_refusal(fresh: StackEnv) -> None:
    said = await run_story(STORIES[0], fresh)
    assert re.search(r"^approved: room-[a-z0-9]{8}$", said, flags=re.MULTILINE)
    assert re.search(r"^Recursion \S+ room-[a-z0-9]{8}$", said, flags=re.MULTILINE)
    assert "refused: slot_taken" in said


async def test_the_sync_story_ends_in_a_rejection_with_its_reason(fresh: StackEnv) -> None:
    assert (await run_story(STORIES[1], fresh)).strip() == "I am travelling; how about Friday?"


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_a_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("folder", re.findall(r"^\| `([\w/]+)/` \|", README, flags=re.MULTILINE))
def test_the_map_names_folders_that_exist(folder: str) -> None:
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("target", re.findall(r"^\$ make ([\w-]+)$", README, flags=re.MULTILINE))
def test_a_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
