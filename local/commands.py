"""What each command of `python -m local` does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path

from local import report
from local.faults import StackError
from local.keys import Keys
from local.layout import Layout
from local.ports import Ports
from local.postgres import remove_forsaken
from local.services import Services
from local.state import Busy, State, end_leftovers, hold, is_held

UP_WITHIN = 60.0
DOWN_WITHIN = 30.0


def up(asked: Namespace) -> int:
    from local import foreground

    layout = Layout.at(asked.data)
    wanted = {name: getattr(asked, name) for name in Ports.FLAGS}
    wanted = {name: port for name, port in wanted.items() if port is not None}
    if wanted.get("gateway") == 0:
        wanted.setdefault("mail", 0)  # a stack beside others: its mail port matters to nobody
    ports = Ports(**wanted)
    start = foreground.detached if asked.detach else foreground.attached
    deadline = time.monotonic() + UP_WITHIN
    while True:
        try:
            return start(layout, ports, fresh=asked.fresh)
        except Busy:
            state = wait_ready(layout, deadline)
        if state is not None:
            break
    if asked.fresh:
        reset(asked)
    print(f"already running (pid {state.pid})")
    if any(port not in (0, getattr(state.ports, name)) for name, port in wanted.items()):
        print("it keeps its ports; to change them, `down` first")
    print(report.welcome(services_of(layout, state)))
    return 0


def env(asked: Namespace) -> int:
    layout = Layout.at(asked.data)
    urls = services_of(layout, running(layout)).urls
    if asked.json:
        print(json.dumps(urls, indent=2))
    else:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in urls.items()))
    return 0


def status(asked: Namespace) -> int:
    layout = Layout.at(asked.data)
    if not is_held(layout):
        print(f"stopped ({layout.data})")
        print(report.last_words(layout), end="")
        return 3
    state = State.load(layout.state)
    if state is None or not state.ready:
        print(f"starting ({layout.data})")
        return 0
    print(report.table(layout, state))
    return 0


def mail(asked: Namespace) -> int:
    from local.mail_sink import caught

    folder = Layout.at(asked.data).mail
    deadline = time.monotonic() + asked.wait
    while True:
        found = [
            one
            for one in caught(folder)
            if (asked.to is None or asked.to in str(one.message["To"]))
            and (asked.kind is None or asked.kind == one.message["X-Mentorkit-Kind"])
            and (asked.name is None or one.name == asked.name)
        ]
        if found or time.monotonic() >= deadline:
            break
        time.sleep(0.1)
    if asked.json:
        print(json.dumps([one.as_json() for one in found], indent=2, ensure_ascii=False))
    elif asked.name is not None:
        print("\n".join(one.text for one in found))
    else:
        for one in found:
            to, subject = one.message["To"], one.message["Subject"]
            print(f"{one.name}  {one.received:%H:%M:%S}  {to}  {subject}")
    return 0 if found else 1


def logs(asked: Namespace) -> int:
    layout = Layout.at(asked.data)
    found = {file.stem: file for file in sorted(layout.logs.glob("*.log"))}
    if asked.service is not None:
        if asked.service not in found:
            raise StackError(
                f"no log of {asked.service!r}; there are: {', '.join(found) or 'none'}"
            )
        found = {asked.service: found[asked.service]}
    places = {file: print_end(service, file, asked.n) for service, file in found.items()}
    while asked.follow:
        time.sleep(0.2)
        places = {file: print_from(file, place) for file, place in places.items()}
    return 0


def print_end(service: str, file: Path, lines: int) -> int:
    """Print a log's last lines under its name; returns where it ended."""
    text = file.read_text(errors="replace")
    print(f"==> {service}: {file}")
    for line in text.splitlines()[-lines:] if lines else []:
        print(line)
    return len(text.encode(errors="replace"))


def print_from(file: Path, place: int) -> int:
    """Print what was written since `place`; from the start again when the file was replaced."""
    with file.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(place if place <= end else 0)
        sys.stdout.write(log.read().decode(errors="replace"))
        sys.stdout.flush()
        return log.tell()


def reset(asked: Namespace) -> int:
    from local import control

    layout = Layout.at(asked.data)
    try:
        with hold(layout):
            remove_database(layout)
            print("the database is removed; `up` makes a new one")
            return 0
    except FileNotFoundError as exc:
        raise StackError(f"there is no stack in {layout.data}") from exc
    except Busy:
        wait_ready(layout, time.monotonic() + UP_WITHIN)
        asyncio.run(control.order(layout.control_socket, "reset", print))
        return 0


def down(asked: Namespace) -> int:
    layout = Layout.at(asked.data)
    print("stopped" if stop(layout) else f"not running ({layout.data})")
    if layout.data.exists():
        with contextlib.suppress(Busy), hold(layout):  # busy: somebody starts it again already
            tidy(layout)
            if asked.remove:
                remove_database(layout)
                layout.remove()
                print("removed its data and keys")
    return 0


def stop(layout: Layout) -> bool:
    """Have a running stack stop, and wait for it; false when none runs."""
    deadline = time.monotonic() + DOWN_WITHIN
    told: int | None = None
    while is_held(layout):
        state = State.load(layout.state)  # absent while it is only just starting
        if state is not None and state.pid != told:
            told = state.pid
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGTERM)
        if time.monotonic() > deadline:
            raise StackError(f"{layout.data} did not stop; see {layout.log('stack')}")
        time.sleep(0.02)
    return told is not None


def tidy(layout: Layout) -> list[str]:
    """Clean up after a stack that was killed; returns the services that had outlived it.

    Only with the data directory held.
    """
    left = State.load(layout.state)
    if left is None:
        return []
    ended = end_leftovers(left)
    layout.state.unlink()
    return ended


def remove_database(layout: Layout) -> None:
    """Remove the data wherever it is; the keys stay. Only with the data directory held."""
    tidy(layout)
    shutil.rmtree(layout.database.resolve(), ignore_errors=True)
    if layout.database.is_symlink():
        layout.database.unlink()
        remove_forsaken()


def running(layout: Layout) -> State:
    """The stack of a data directory; raises StackError when it does not run."""
    state = State.load(layout.state)
    if state is None or not is_held(layout):
        raise StackError(f"no stack runs from {layout.data}: start it with `python -m local up`.")
    return state


def wait_ready(layout: Layout, deadline: float) -> State | None:
    """The stack that somebody else is starting, once it is ready; None when it went away."""
    while is_held(layout):
        state = State.load(layout.state)
        if state is not None and state.ready:
            return state
        if time.monotonic() > deadline:
            raise StackError(
                f"another `up` holds {layout.data} and is not ready; see {layout.log('stack')}"
            )
        time.sleep(0.05)
    return None


def services_of(layout: Layout, state: State) -> Services:
    return Services(layout, state.ports, Keys.load(layout.keys), dict(os.environ))
