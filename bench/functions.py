"""Delivery of due notices as mail: rate and memory of one worker, and of two at once.

The notices are of approved sessions, so each mail carries a calendar file. The workers are `uvicorn
functions.asgi:app` processes that are asked to deliver; the database is behind PostgREST and the
gateway, the mail server is a process that takes mail and counts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import psycopg

NOTICES = int(os.environ.get("BENCH_NOTICES", "10000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
TITLE = f"Functions: {NOTICES:,} due notices by mail"

ROOT = Path(__file__).resolve().parents[1]
BOOKINGS = 100
SECRET = "the secret of the benchmark"
PORTS = ("port", "db-port", "signaling-port", "web-port", "mail-port")

SINK = """
import asyncio
import uvloop
from aiosmtpd.smtp import SMTP

class Count:
    taken = 0

    async def handle_DATA(self, server, session, envelope):
        self.taken += 1
        return f"250 {self.taken}"

async def main():
    loop = asyncio.get_running_loop()
    count = Count()
    server = await loop.create_server(lambda: SMTP(count, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

uvloop.run(main())
"""

PEOPLE = """
insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at,
        raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
    select gen_random_uuid(), 'authenticated', 'authenticated', role || n || '@bench.test', '',
            now(), '{}', jsonb_build_object('name', role || ' ' || n, 'is_mentor', role = 'mentor'),
            now(), now()
        from generate_series(1, %(count)s) as n, unnest(array['student', 'mentor']) as role
"""
BOOK = """
with asked as (
    insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time,
    duration)
        select s.id, m.id, (select id from public.subjects limit 1), 'Session ' || n,
                date_trunc('hour', now()) + interval '3 days', 60
            from generate_series(1, %(count)s) as n
            join auth.users as s on s.email = 'student' || n || '@bench.test'
            join auth.users as m on m.email = 'mentor' || n || '@bench.test'
        returning id
)
select count(*) from asked
"""
APPROVE = "update public.session_requests set status = 'approved' where title like 'Session %%'"
CLEAR = "delete from public.notifications"
NOTIFY = """
insert into public.notifications (recipient_id, kind, request_id, session_id, about)
    select s.student_id, 'request_approved', s.request_id, s.id, 'copy ' || n
        from public.sessions as s, generate_series(1, %(each)s) as n
"""


@contextmanager
def stack(folder: Path) -> Iterator[dict[str, str]]:
    """A stack that leaves the timed work to us."""
    env = os.environ | {"MENTORKIT_TIMED_WORK_SECONDS": "0"}
    local = [sys.executable, "-m", "local"]
    where = ["--data", str(folder)]
    ports = [word for name in PORTS for word in (f"--{name}", "0")]
    subprocess.run([*local, "up", "--detach", *where, *ports], cwd=ROOT, env=env, check=True,
                   capture_output=True)  # fmt: skip
    try:
        told = subprocess.run(
            [*local, "env", "--json", *where], cwd=ROOT, check=True, capture_output=True
        )
        yield json.loads(told.stdout)
    finally:
        subprocess.run([*local, "down", *where], cwd=ROOT, check=True, capture_output=True)


@contextmanager
def process(
    command: Sequence[str], env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        try:
            yield child
        finally:
            child.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def worker_command(port: int) -> list[str]:
    return [
        sys.executable, "-m", "uvicorn", "functions.asgi:app", "--port", str(port),
        "--log-level", "error", "--no-access-log",
    ]  # fmt: skip


def worker_env(env: dict[str, str], smtp_port: int) -> dict[str, str]:
    return os.environ | {
        "SUPABASE_URL": env["SUPABASE_URL"],
        "SUPABASE_SECRET_KEY": env["SUPABASE_SECRET_KEY"],
        "SUPABASE_PUBLISHABLE_KEY": env["SUPABASE_PUBLISHABLE_KEY"],
        "FUNCTIONS_URL": "https://functions.bench.test",
        "MENTORKIT_SIGNING_KEY": "a signing key that is long enough for this",
        "MENTORKIT_TIMED_WORK_SECRET": SECRET,
        "MENTORKIT_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
    }


def ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def drain(ports: Sequence[int]) -> int:
    """Ask every worker to deliver until nothing is left; how many mails they sent."""

    async def one(port: int) -> int:
        sent = 0
        async with httpx.AsyncClient(timeout=120) as http:
            while True:
                answer = await http.post(
                    f"http://127.0.0.1:{port}/deliver",
                    headers={"authorization": f"Bearer {SECRET}"},
                )
                report: dict[str, int] = answer.raise_for_status().json()
                sent += report["sent"]
                if report["claimed"] == 0:
                    return sent

    counts: list[int] = await asyncio.gather(*(one(port) for port in ports))
    return sum(counts)


@dataclass(frozen=True)
class Measured:
    """One run."""

    rate: float
    """Mails a second."""
    cpu: float
    """Milliseconds that the workers computed for each mail."""
    memory: float
    """Megabytes at the peak of the larger worker."""


def cpu_seconds(child: subprocess.Popen[str]) -> float:
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(child: subprocess.Popen[str]) -> float:
    """Megabytes."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(env: dict[str, str], workers: int) -> Measured:
    """Deliver all notices with so many workers."""
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as conn:
        conn.execute(CLEAR)
        conn.execute(NOTIFY, {"each": NOTICES // BOOKINGS})
        conn.execute("analyze")
    with ExitStack() as running:
        sink = running.enter_context(process([sys.executable, "-c", SINK]))
        assert sink.stdout is not None
        smtp_port = int(sink.stdout.readline())
        ports = [free_port() for _ in range(workers)]
        children = [
            running.enter_context(process(worker_command(port), worker_env(env, smtp_port)))
            for port in ports
        ]
        for port in ports:
            ready(port)
        idle = sum(cpu_seconds(child) for child in children)
        start = time.monotonic()
        sent = asyncio.run(drain(ports))
        took = time.monotonic() - start
        if sent != NOTICES:
            raise RuntimeError(f"{sent} of {NOTICES} mails sent")
        return Measured(
            rate=sent / took,
            cpu=(sum(cpu_seconds(child) for child in children) - idle) / sent * 1000,
            memory=max(peak_memory(child) for child in children),
        )


def run() -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorkit-bench-") as folder,
        stack(Path(folder) / "stack") as env,
    ):
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as conn:
            conn.execute(PEOPLE, {"count": BOOKINGS})
            conn.execute(BOOK, {"count": BOOKINGS})
            conn.execute(APPROVE)
        runs = [(measure(env, 1), measure(env, 2)) for _ in range(ROUNDS)]
    one, two = (middle([pair[which] for pair in runs]) for which in (0, 1))
    ratio = median(pair[1].rate / pair[0].rate for pair in runs)
    return [
        f"{NOTICES:,} due notices of approved sessions go to a mail server on the same machine,",
        f"each as text, HTML and a calendar file. Medians of {ROUNDS} interleaved runs.",
        "",
        "| workers | mails/s | CPU of the workers for a mail | peak memory of a worker |",
        "|---|---|---|---|",
        f"| 1 | {one.rate:.0f} | {one.cpu:.2f} ms | {one.memory:.0f} MB |",
        f"| 2 | {two.rate:.0f} | {two.cpu:.2f} ms | {two.memory:.0f} MB |",
        "",
        f"Two workers deliver {ratio:.2f} times as much as one. Postgres, PostgREST, gateway, mail",
        f"server and workers share {os.cpu_count()} cores; one worker keeps one of them busy.",
    ]


def middle(runs: Sequence[Measured]) -> Measured:
    return Measured(
        rate=median(run.rate for run in runs),
        cpu=median(run.cpu for run in runs),
        memory=median(run.memory for run in runs),
    )
