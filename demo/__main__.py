"""`make demo`: the whole story on a Supabase of its own; exits 0 when all of it held."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from demo import stack
from demo.report import Report, StepFailed
from demo.story import Story


async def show(data: Path, report: Report) -> None:
    """Start the stack, walk the story, stop the stack whatever came of it."""
    async with AsyncExitStack() as cleanup:
        with report.step("an embedded Supabase starts") as said:
            cleanup.push_async_callback(asyncio.to_thread, stack.stop, data)
            running = await asyncio.to_thread(stack.start, data)
            said.text = running.supabase_url
        await Story(running, report, cleanup).walk()


def main() -> int:
    argparse.ArgumentParser(prog="python -m demo", description=__doc__).parse_args()
    report = Report()
    data = Path(tempfile.mkdtemp(prefix="mentorkit-demo-"))
    try:
        asyncio.run(show(data, report))
    except StepFailed as failure:
        print(f"demo: failed at: {failure.step}", file=sys.stderr)
        print(f"demo: because: {failure.__cause__}", file=sys.stderr)
        print(f"demo: the logs are in {data / 'logs'}", file=sys.stderr)
        return 1
    shutil.rmtree(data, ignore_errors=True)
    print(f"demo: ok in {report.seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
