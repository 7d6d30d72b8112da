"""Everything that can be found without running the product: style, types, SQL, page scripts.

Runs all checks even when one fails, so that one run shows all there is to mend.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (
    "sdk",
    "local",
    "functions",
    "signaling_server",
    "demo",
    "bench",
    "scripts",
    "tests",
    "web",
    "examples",
)


def python_places() -> list[str]:
    """The folders that hold Python files now."""
    return [place for place in PYTHON if any((ROOT / place).rglob("*.py"))]


def checks() -> dict[str, Sequence[str]]:
    """Each check by its name, with the command that makes it."""
    migrations = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "supabase/migrations").glob("*.sql")
    )
    return {
        "ruff check": ("ruff", "check", "."),
        "ruff format": ("ruff", "format", "--check", "."),
        "mypy --strict": ("mypy", "--strict", *python_places()),
        "squawk (SQL)": ("squawk", *migrations),
        "tsc (pages)": ("tsc", "--project", "web/jsconfig.json"),
    }


def main() -> int:
    # the tools of this checkout, whoever calls and from wherever
    places = [str(ROOT / ".venv" / "bin"), str(ROOT / "node_modules" / ".bin")]
    os.environ["PATH"] = os.pathsep.join([*places, os.environ.get("PATH", "")])
    failed: list[str] = []
    for name, command in checks().items():
        start = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"check: {name:<16} {verdict:<6} {time.monotonic() - start:5.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
            sys.stdout.write(done.stdout + done.stderr)
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all ok'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
