"""The command `mentorkit`. What it needs beyond the SDK comes with the extra `cli`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; gives the exit code, which docs/cli.md lists."""
    try:
        import click
        import rich
    except ImportError as missing:
        print(
            f"mentorkit: the command line needs {missing.name}: pip install 'mentorkit[cli]'",
            file=sys.stderr,
        )
        return 2
    del click, rich
    from mentorkit.cli.app import run

    return run()
