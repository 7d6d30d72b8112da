"""The wheel: what is in it, that it installs alone, and that importing it is quick."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.stack import REPO


def command(*words: str, cwd: Path = REPO) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, check=False, timeout=110
    )  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    built = command("uv", "build", "--wheel", "--quiet", "--out-dir", str(out))
    if built.returncode != 0 and "hatchling" in built.stderr:
        pytest.skip(f"the build backend could not be fetched: {built.stderr[-300:]}")
    assert built.returncode == 0, built.stderr
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_holds_the_sdk_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    parts = {name.split("/")[0] for name in names}
    assert parts == {"mentorkit", wheel.name.split("-py3")[0] + ".dist-info"}
    assert {"mentorkit/py.typed", "mentorkit/_sync/client.py", "mentorkit/cli/app.py"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_works_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    """With its dependencies as they were locked, and none of the extras."""
    venv = tmp_path / "venv"
    assert command("uv", "venv", "--quiet", "--python", sys.executable, str(venv)).returncode == 0
    python = str(venv / "bin/python")
    words = ("uv", "pip", "install", "--quiet", "--python", python)
    what = ("--constraint", str(unhashed(tmp_path)), str(wheel))
    installed = command(*words, "--offline", *what)  # what set-up fetched is enough, mostly
    if installed.returncode != 0:
        installed = command(*words, *what)
    assert installed.returncode == 0, installed.stderr
    used = command(
        python, "-W", "error", "-c",
        "import mentorkit; print(mentorkit.Mentorkit('http://x.test', 'k').connection.status)",
        cwd=tmp_path,
    )  # fmt: skip
    assert (used.stdout, used.stderr) == ("idle\n", "")
    bare = command(str(venv / "bin/mentorkit"), "pending", cwd=tmp_path)
    assert bare.returncode == 2
    assert "pip install 'mentorkit[cli]'" in bare.stderr
    room = command(python, "-c", "from mentorkit.rooms import _socket; _socket()", cwd=tmp_path)
    assert "pip install 'mentorkit[rooms]'" in room.stderr


def unhashed(folder: Path) -> Path:
    """The lock as constraints: versions only, because a wheel of our own has no hash in it."""
    lines = (REPO / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line.split(" \\")[0].split(" ;")[0] for line in lines if line and line[0].isalpha()]
    path = folder / "constraints.txt"
    path.write_text("\n".join(pin for pin in pins if "[" not in pin), "utf-8")
    return path


def test_importing_brings_nothing_that_supabase_does_not() -> None:
    """The bench takes the time (promised: 1.3 times); this is why it holds, on any machine."""
    loaded = {name: imported(name) for name in ("supabase", "mentorkit")}
    assert loaded["mentorkit"] - loaded["supabase"] - set(sys.stdlib_module_names) == {"mentorkit"}


def imported(name: str) -> set[str]:
    said = command(sys.executable, "-c", f"import sys, {name}; print(*sys.modules)")
    assert said.returncode == 0, said.stderr
    return {module.split(".")[0] for module in said.stdout.split()}
