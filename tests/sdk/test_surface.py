"""The public surface: exported, generated, typed."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import mentorkit
import mentorkit.errors
from scripts import generate_sync
from tests.support.stack import REPO

PACKAGE = REPO / "sdk/mentorkit"
TYPED = Path(__file__).with_name("typed_surface.py")
MISTAKES = Path(__file__).with_name("typed_mistakes.py.txt")


def test_the_sync_face_is_what_would_be_generated() -> None:
    texts = generate_sync.generated()
    assert set(texts) | generate_sync.BY_HAND == {
        path.name for path in (PACKAGE / "_sync").glob("*.py")
    }
    for name, text in texts.items():
        assert (PACKAGE / "_sync" / name).read_text("utf-8") == text, (
            f"{name}: run python scripts/generate_sync.py"
        )


def test_what_is_exported_is_sorted_and_there() -> None:
    constants_first = sorted(mentorkit.__all__, key=lambda name: (not name.isupper(), name))
    assert constants_first == list(mentorkit.__all__)
    exposed = {
        name
        for name, value in vars(mentorkit).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert exposed == set(mentorkit.__all__)


def test_everything_public_says_what_may_be_relied_on() -> None:
    silent = []
    for name in mentorkit.__all__:
        thing = getattr(mentorkit, name)
        if not inspect.isclass(thing):
            continue
        for method, function in vars(thing).items():
            if inspect.isfunction(function) and not method.startswith("_") and not function.__doc__:
                silent.append(f"{name}.{method}")
        if not thing.__doc__:
            silent.append(name)
    assert not silent


def test_both_faces_can_do_the_same() -> None:
    left, right = mentorkit.AsyncMentorkit("http://x", "k"), mentorkit.Mentorkit("http://x", "k")
    resources = [name for name in vars(left) if not name.startswith("_")]
    assert resources == [name for name in vars(right) if not name.startswith("_")]
    for name in resources:
        assert methods(getattr(left, name)) == methods(getattr(right, name)), name


def methods(resource: object) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(type(resource), inspect.isfunction)
        if not name.startswith("_")
    }


def mypy(text: str, folder: Path) -> str:
    path = folder / "checked.py"
    path.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(path)],
        cwd=REPO, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_whole_surface_is_typed_and_mistakes_are_reported(tmp_path: Path) -> None:
    """One run of mypy: a file that uses everything, then mistakes marked `# E: code`."""
    right, wrong = TYPED.read_text("utf-8"), MISTAKES.read_text("utf-8")
    used = set(re.findall(r"client\.(\w+)\.(\w+)", right))
    offered = {
        (name, method)
        for name, resource in vars(mentorkit.AsyncMentorkit("http://x", "k")).items()
        if not name.startswith("_")
        for method in [
            *methods(resource),
            *(n for n, v in vars(type(resource)).items() if isinstance(v, property)),
        ]
        if (name, method) not in {("auth", "bearer"), ("auth", "renew")}
    }
    assert used == offered
    said = mypy(right + "\n\n" + wrong, tmp_path)
    first = right.count("\n") + 2
    expected = {
        (first + number, code)
        for number, line in enumerate(wrong.splitlines(), 1)
        for code in re.findall(r"# E: ([\w-]+)", line)
    }
    found = {(int(line), code) for line, code in re.findall(r":(\d+): error: .*\[([\w-]+)\]", said)}
    assert found == expected, said
