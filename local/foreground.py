"""`up`: a stack on this terminal, or in the background."""

from __future__ import annotations

import asyncio
import json
import os
import time
import traceback
from collections.abc import Callable

from local import report
from local.commands import remove_database
from local.faults import StackError
from local.keys import Keys
from local.layout import Layout
from local.ports import Ports
from local.state import Busy, State, end_leftovers, hold
from local.supervisor import Say, Supervisor, run


def attached(layout: Layout, ports: Ports, *, fresh: bool) -> int:
    """Run a stack until ctrl-C or SIGTERM."""
    serve(layout, ports, fresh, lambda line: print(line, flush=True), lambda: None)
    return 0


def serve(
    layout: Layout, ports: Ports, fresh: bool, say: Say, on_ready: Callable[[], None]
) -> None:
    """Hold the data directory, clean up after a predecessor that was killed, and run. Raises Busy, StackError."""
    began = time.monotonic()
    layout.data.mkdir(parents=True, exist_ok=True)
    with hold(layout):
        left = State.load(layout.state)
        if left is not None:
            ended = end_leftovers(left)
            layout.state.unlink()
            if ended:
                say(f"ended what a killed stack had left: {', '.join(ended)}")
        settled = ports.settled()
        if fresh:
            remove_database(layout)
        layout.make()
        keep_old_logs(layout)
        supervisor = Supervisor(
            layout, settled, Keys.load_or_make(layout.keys), dict(os.environ), say
        )

        def ready() -> None:
            say(f"ready in {time.monotonic() - began:.1f} s")
            say(report.welcome(supervisor.services))
            on_ready()

        asyncio.run(run(supervisor, ready))


def keep_old_logs(layout: Layout) -> None:
    """Start with empty logs, keeping those of the last time."""
    for file in layout.logs.glob("*.log"):
        if file.stat().st_size:
            file.rename(file.with_suffix(".log.old"))


def detached(layout: Layout, ports: Ports, *, fresh: bool) -> int:
    """Run a stack in a process of its own; returns when it is ready, or raises what stopped it."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.close(read_end)
        in_background(layout, ports, fresh, write_end)
    os.close(write_end)
    with os.fdopen(read_end) as news:
        for line in news:
            word, text = json.loads(line)
            if word == "say":
                print(text, flush=True)
            elif word == "ready":
                return 0
            elif word == "busy":
                raise Busy
            else:
                raise StackError(text)
    raise StackError(f"the stack ended before it was ready; see {layout.log('stack')}")


def in_background(layout: Layout, ports: Ports, fresh: bool, write_end: int) -> None:
    """The other side of `detached`: never returns. Tells the waiting side each step, and `stack.log` for good."""
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    news = os.fdopen(write_end, "w", buffering=1)

    def tell(word: str, text: str = "") -> None:
        if not news.closed:
            try:
                news.write(json.dumps([word, text]) + "\n")
            except BrokenPipeError:  # nobody waits any more
                news.close()

    def say(line: str) -> None:
        layout.logs.mkdir(parents=True, exist_ok=True)
        with layout.log("stack").open("a") as log:
            print(time.strftime("%H:%M:%S"), line, file=log)
        tell("say", line)

    def ready() -> None:
        tell("ready")
        news.close()

    try:
        serve(layout, ports, fresh, say, ready)
    except Busy:
        tell("busy")
    except StackError as exc:
        tell("error", str(exc))
        say(f"ended: {exc}")
    except BaseException:  # the last place that can tell
        tell("error", traceback.format_exc())
        say(traceback.format_exc())
    os._exit(0)
