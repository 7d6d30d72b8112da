"""`up`: a stack on this terminal, or in the background."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import traceback
from collections.abc import Iterable

from local import report
from local.commands import remove_database, tidy
from local.faults import StackError
from local.keys import Keys
from local.layout import Layout
from local.ports import Ports
from local.state import Busy, hold
from local.supervisor import Say, Supervisor, run


def attached(layout: Layout, ports: Ports, *, fresh: bool) -> int:
    """Run a stack until ctrl-C or SIGTERM."""
    serve(layout, ports, fresh, show, show)
    return 0


def show(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # who read it has gone; the stack stays
        print(text, flush=True)


def serve(layout: Layout, ports: Ports, fresh: bool, say: Say, on_ready: Say) -> None:
    """Hold the data directory, clean up after a predecessor that was killed, and run.

    `on_ready` is given what the user wants to know then. Raises Busy when a stack runs from there
    already, StackError when it cannot or could not go on.
    """
    began = time.monotonic()
    layout.data.mkdir(parents=True, exist_ok=True)
    with hold(layout):
        if ended := tidy(layout):
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
            on_ready(report.welcome(supervisor.services))

        asyncio.run(run(supervisor, ready))


def keep_old_logs(layout: Layout) -> None:
    """Start with empty logs, keeping those of the last time."""
    for file in layout.logs.glob("*.log"):
        if file.stat().st_size:
            file.rename(file.with_suffix(".log.old"))


def detached(layout: Layout, ports: Ports, *, fresh: bool) -> int:
    """Run a stack in a process of its own; returns when it is ready, or raises what stopped it.

    Ctrl-C before that stops it again.
    """
    read_end, write_end = os.pipe()
    if (between := os.fork()) == 0:
        os.close(read_end)
        in_background(layout, ports, fresh, write_end)
    os.close(write_end)
    os.waitpid(between, 0)
    with os.fdopen(read_end) as news:
        pid = int(json.loads(news.readline())[1])
        try:
            return follow(news)
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            for _ in news:  # ends when the process ends
                pass
            raise
        except EOFError as exc:
            raise StackError(f"it ended before it was ready; see {layout.log('stack')}") from exc


def follow(news: Iterable[str]) -> int:
    """Show what the background tells, until it is ready; raises what it failed of."""
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
    raise EOFError


def in_background(layout: Layout, ports: Ports, fresh: bool, write_end: int) -> None:
    """The other side of `detached`: never returns.

    Tells the waiting side each step until all is ready, and `stack.log` for as long as it runs.
    """
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)

    def tell(word: str, text: str = "") -> None:
        with contextlib.suppress(OSError):  # nobody waits any more
            os.write(write_end, f"{json.dumps([word, text])}\n".encode())

    def say(line: str) -> None:
        layout.logs.mkdir(parents=True, exist_ok=True)
        with layout.log("stack").open("a") as log:
            print(time.strftime("%H:%M:%S"), line, file=log)
        tell("say", line)

    def ready(welcome: str) -> None:
        tell("say", welcome)  # the keys in it are no business of the log
        tell("ready")
        os.dup2(nowhere, write_end)

    tell("pid", str(os.getpid()))
    try:
        serve(layout, ports, fresh, say, ready)
    except Busy:
        tell("busy")
    except StackError as exc:
        tell("error", str(exc))
        say(f"ended: {exc}")
    except PermissionError as exc:
        tell("error", str(exc))
    except Exception:  # noqa: BLE001 - the last place that can tell
        tell("error", traceback.format_exc())
        say(traceback.format_exc())
    os._exit(0)
