"""What the functions import is what their extra installs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def third_party(source: str) -> Iterator[str]:
    """The top names that a file imports and that are neither Python's nor ours."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        else:
            continue
        for module in modules:
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in ("functions", "mentorkit"):
                yield top


@cache
def installed() -> Mapping[str, list[str]]:
    """Which packages bring a name; looking takes half a second."""
    return packages_distributions()


def undeclared(source: str, declared: set[str]) -> list[str]:
    installs = installed()
    return sorted(
        top
        for top in set(third_party(source))
        if not any(plain(found) in declared for found in installs.get(top, []))
    )


@pytest.fixture(scope="module")
def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["functions"]
    return {plain(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in wanted}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "functions").glob("*.py")), ids=lambda path: str(path.stem)
)
def test_every_import_is_declared(path: Path, declared: set[str]) -> None:
    assert undeclared(path.read_text(), declared) == []


def test_an_undeclared_one_is_found(declared: set[str]) -> None:
    source = "import os.path\nimport redis.asyncio\nfrom httpx import Client\n"
    assert undeclared(source, declared) == ["redis"]
