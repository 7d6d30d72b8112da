"""What the wheel imports is what it declares, with the oldest version that will do."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.stack import REPO

PACKAGE = REPO / "sdk/mentorkit"
EXTRAS = {"cli": "cli", "rooms.py": "rooms", "storage.py": "keyring"}
"""Which part of the package may need which extra; all else is there for everybody."""


def plain(name: str) -> str:
    """A distribution's name, however it was spelled."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> dict[str, str]:
    """Name and version bounds of each."""
    found = [re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*([^;]*)", text) for text in requirements]
    return {plain(match[1]): match[2] for match in found if match}


def imports(file: Path) -> Iterator[str]:
    """The first word of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_every_import_of_the_wheel_is_declared_with_a_lower_bound() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    always = declared(project["dependencies"])
    extras = {name: declared(rows) for name, rows in project["optional-dependencies"].items()}
    owners = packages_distributions()
    seen = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        part = EXTRAS.get(file.relative_to(PACKAGE).parts[0])
        allowed = always | (extras[part] if part else {})
        for module in set(imports(file)) - set(sys.stdlib_module_names) - {"mentorkit"}:
            (owner,) = {plain(name) for name in owners[module]}
            assert owner in allowed, f"{file.name} imports {module}: declare {owner}"
            assert ">=" in allowed[owner], f"{owner} needs the oldest version that will do"
            seen.add(owner)
    assert {"httpx", "postgrest", "supabase-auth", "websockets", "click", "keyring"} <= seen


def test_no_dependency_is_there_for_nothing() -> None:
    """But for `supabase`, which ties its parts to one release of them all."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    owners = packages_distributions()
    used = {
        plain(owner)
        for file in PACKAGE.rglob("*.py")
        for module in imports(file)
        for owner in owners.get(module, ())
    }
    assert set(declared(project["dependencies"])) - used == {"supabase"}
