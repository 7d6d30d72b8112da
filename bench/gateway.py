"""What the gateway costs in front of PostgREST, and what a sign-in costs."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

TITLE = "Gateway: PostgREST behind its keys, and signing in"

ROUNDS = 30
REQUESTS = 40
SIGN_INS = 20
LIMIT_MS = 1.5
ANY_PORTS = ("--port", "0", "--db-port", "0", "--signaling-port", "0", "--web-port", "0")


@dataclass(frozen=True)
class Stack:
    """Where the gateway and the PostgREST behind it listen, and what opens them."""

    url: str
    socket: str
    publishable: str


@dataclass
class Case:
    """One request, asked of both, and how long each took in ms."""

    name: str
    method: str
    path: str
    body: bytes | None = None
    direct: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)


class UnixConnection(http.client.HTTPConnection):
    """The same client for both sides: only the socket differs."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def run() -> list[str]:
    """Measure on a stack of its own, direct and through the gateway in turns."""
    with running_stack() as stack:
        cases = [
            Case("select of one row", "GET", "/profiles?limit=1"),
            Case("select of 5 rows", "GET", "/subjects?select=id,name&limit=5"),
            Case("function call", "POST", "/rpc/schema_version", b"{}"),
        ]
        token = signed_up(stack)
        user = {"Authorization": f"Bearer {token}"}
        keyed = {**user, "apikey": stack.publishable}
        direct, through = UnixConnection(stack.socket), tcp(stack)
        for _ in range(ROUNDS):
            for case in cases:
                case.direct += timed(partial(ask, direct, case, "", user))
                case.through += timed(partial(ask, through, case, "/rest/v1", keyed))
        keys = signing(stack)
        direct.close()
        through.close()
    return [*table(cases), "", *keys]


def table(cases: list[Case]) -> list[str]:
    lines = [
        f"One client, one kept connection, a user's token; {ROUNDS * REQUESTS} requests each, in",
        f"turns of {REQUESTS}. Limit: the gateway adds at most {LIMIT_MS} ms at p50.",
        "",
        "| request | direct p50/p95 ms | through p50/p95 ms | ratio p50/p95 | added p50 ms | |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        one, other = (percentiles(times) for times in (case.direct, case.through))
        added = other[0] - one[0]
        lines.append(
            f"| {case.name} | {one[0]:.2f} / {one[1]:.2f} | {other[0]:.2f} / {other[1]:.2f} "
            f"| {other[0] / one[0]:.2f} / {other[1] / one[1]:.2f} | {added:.2f} "
            f"| {'ok' if added <= LIMIT_MS else 'TOO SLOW'} |"
        )
    return lines


def signing(stack: Stack) -> list[str]:
    """Signing in is a bcrypt check by purpose; refreshing is not."""
    import bcrypt

    email, password = f"{uuid.uuid4().hex}@example.test", "correct horse"
    account = {"email": email, "password": password}
    session = auth(stack, "/signup", account)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10))
    alone: list[float] = []
    signed_in: list[float] = []
    refreshed: list[float] = []
    token = session["refresh_token"]
    for _ in range(SIGN_INS):
        alone += timed(lambda: bcrypt.checkpw(password.encode(), hashed), 1)
        signed_in += timed(lambda: auth(stack, "/token?grant_type=password", account), 1)
        began = time.perf_counter()
        token = auth(stack, "/token?grant_type=refresh_token", {"refresh_token": token})[
            "refresh_token"
        ]
        refreshed.append((time.perf_counter() - began) * 1000)
    own = statistics.median(alone)
    whole, renewed = statistics.median(signed_in), statistics.median(refreshed)
    return [
        f"Sign-in p50 {whole:.0f} ms, of which a bcrypt check at GoTrue's cost 10 is {own:.0f}",
        f"ms (ratio {whole / own:.2f}); refresh p50 {renewed:.1f} ms. A new connection each.",
    ]


def timed(work: Callable[[], object], times: int = REQUESTS) -> list[float]:
    """How long each of some calls took, in ms."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def percentiles(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=20)
    return cuts[9], cuts[18]


def ask(
    connection: http.client.HTTPConnection, case: Case, prefix: str, headers: dict[str, str]
) -> bytes:
    sent = {**headers, "Content-Type": "application/json"}
    connection.request(case.method, prefix + case.path, case.body, sent)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{case.name}: {answer.status} {body[:200]!r}")
    return body


def auth(stack: Stack, path: str, body: dict[str, str]) -> dict[str, str]:
    connection = tcp(stack)
    headers = {"apikey": stack.publishable, "Content-Type": "application/json"}
    connection.request("POST", f"/auth/v1{path}", json.dumps(body), headers)
    answered: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return answered


def signed_up(stack: Stack) -> str:
    account = {"email": f"{uuid.uuid4().hex}@example.test", "password": "correct horse"}
    return auth(stack, "/signup", account)["access_token"]


def tcp(stack: Stack) -> http.client.HTTPConnection:
    parts = urlsplit(stack.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port)


@contextlib.contextmanager
def running_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="mk-bench-") as directory:
        data = Path(directory)

        def local(command: str, *options: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "local", command, "--data", directory, *options],
                check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            return done.stdout

        local("up", "--detach", *ANY_PORTS)
        try:
            env = json.loads(local("env", "--json"))
            settings = json.loads((data / "gateway.json").read_text())
            yield Stack(
                url=env["SUPABASE_URL"],
                socket=settings["postgrest_socket"],
                publishable=env["SUPABASE_PUBLISHABLE_KEY"],
            )
        finally:
            local("down")
