"""Who may import whom: the borders between the parts of the house, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {
    "mentorkit",
    "functions",
    "signaling_server",
    "local",
    "demo",
    "bench",
    "scripts",
    "tests",
    "web",
}
HOMES = {"mentorkit": ROOT / "sdk" / "mentorkit", "examples": ROOT / "examples"}
# Everything a part may import of ours; whatever is not listed is forbidden.
ALLOWED: dict[str, set[str]] = {
    "mentorkit": set(),
    "functions": {"mentorkit"},
    "signaling_server": {"mentorkit"},
    "local": {"functions.app", "signaling_server.app"},
    "demo": {"mentorkit"},
    "examples": {"mentorkit"},
    "scripts": set(),
}


def imported_modules(file: Path) -> Iterator[str]:
    """Every absolute module a file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from functions import app` and `from functions.app import x` both name the app.
            yield from (f"{node.module}.{name.name}" for name in node.names)


def may_import(part: str, module: str) -> bool:
    """Is this import inside the part's borders?"""
    top = module.split(".")[0]
    if top not in OURS or top == part:
        return True
    return any(module == allowed or module.startswith(f"{allowed}.") for allowed in ALLOWED[part])


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_only_what_its_border_allows(part: str) -> None:
    home = HOMES.get(part, ROOT / part)
    trespasses = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in sorted(home.rglob("*.py"))
        for module in imported_modules(file)
        if not may_import(part, module)
    ]
    assert trespasses == []


@pytest.mark.parametrize(
    ("part", "module", "allowed"),
    [
        ("functions", "mentorkit.errors", True),
        ("functions", "local.keys", False),
        ("local", "functions.app.create_app", True),
        ("local", "functions.deliver", False),
        ("mentorkit", "signaling_server", False),
        ("mentorkit", "httpx", True),
        ("demo", "local.stack", False),
    ],
)  # fmt: skip
def test_the_border_rule_itself_can_refuse(part: str, module: str, allowed: bool) -> None:
    assert may_import(part, module) is allowed
