"""A Supabase of the function tests' own: what they claim and send is nobody else's."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from psycopg import AsyncConnection

from functions.settings import Settings
from local.keys import Keys
from local.ports import free_port
from local.services import POSTGREST
from tests.support.database import TestDatabase
from tests.support.people import Person
from tests.support.stack import REPO, StackEnv
from tests.support.wait import eventually

SECRET = "a secret for the scheduler"


@dataclass(frozen=True)
class House:
    """PostgREST and the gateway in front of one database."""

    stack: StackEnv
    database: TestDatabase
    subject: str

    def settings(self, **changes: Any) -> Settings:
        """Settings of functions that work on this database."""
        plain = Settings(
            supabase_url=self.stack.supabase_url,
            secret_key=self.stack.secret_key,
            publishable_key=self.stack.publishable_key,
            public_url="https://functions.example.test",
            signing_key="a signing key of more than thirty-two characters",
            timed_work_secret=SECRET,
            app_url="https://app.example.test",
            mail_from="mentorkit <no-reply@example.test>",
            reply_to="help@example.test",
            allow_private_targets=True,
            batch=20,
        )
        return replace(plain, **changes)

    async def rpc(self, person: Person, function: str, **arguments: Any) -> Any:
        """Call a database function as a person does."""
        async with httpx.AsyncClient(base_url=self.stack.supabase_url, timeout=15) as http:
            answer = await http.post(
                f"/rest/v1/rpc/{function}", headers=person.headers(self.stack), json=arguments
            )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def insert(self, person: Person, table: str, row: dict[str, Any]) -> None:
        """Write a row as a person does; one that is there is changed."""
        headers = person.headers(self.stack) | {"Prefer": "resolution=merge-duplicates"}
        async with httpx.AsyncClient(base_url=self.stack.supabase_url, timeout=15) as http:
            answer = await http.post(f"/rest/v1/{table}", headers=headers, json=row)
        assert answer.is_success, answer.text

    async def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database as its superuser."""
        conninfo = self.database.admin_conninfo
        async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
            cursor = await conn.execute(statement.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    async def ask(
        self, student: Person, mentor: Person, *, ahead: timedelta, title: str = "Algebra"
    ) -> str:
        """A request for a session; its id."""
        made = await self.rpc(
            student,
            "request_session",
            mentor_id=mentor.id,
            subject_id=self.subject,
            title=title,
            requested_time=on_the_minute(datetime.now(UTC) + ahead).isoformat(),
            duration=60,
            description="Chapters 1 and 2;\nbring the exercises, please.",
        )
        return str(made["id"])

    async def book(
        self, student: Person, mentor: Person, *, ahead: timedelta, title: str = "Algebra"
    ) -> dict[str, Any]:
        """An approved request; its session."""
        request = await self.ask(student, mentor, ahead=ahead, title=title)
        session: dict[str, Any] = await self.rpc(mentor, "approve_request", request_id=request)
        return session

    async def forget(self) -> None:
        """Remove everybody whom earlier tests left, and with them all that was theirs."""
        await self.sql("delete from auth.users")


def on_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


@asynccontextmanager
async def open_house(database: TestDatabase, data: Path) -> AsyncIterator[House]:
    """Start PostgREST and the gateway on a database; ended with the context."""
    keys = Keys.load_or_make(data / "keys.json")
    socket = data / "postgrest.sock"
    port = free_port(without=set())
    url = f"http://127.0.0.1:{port}"
    settings = data / "gateway.json"
    settings.write_text(
        json.dumps(
            {
                "url": url,
                "port": port,
                "database_url": database.admin_conninfo,
                "postgrest_socket": str(socket),
                "keys": str(data / "keys.json"),
            }
        )
    )
    rest = await asyncio.create_subprocess_exec(
        str(POSTGREST),
        env={
            "PGRST_DB_URI": f"{database.conninfo} user=authenticator",
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_JWT_SECRET": json.dumps(keys.postgrest_jwks()),
            "PGRST_SERVER_UNIX_SOCKET": str(socket),
            "PGRST_LOG_LEVEL": "error",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.gateway", "--settings", str(settings),
        cwd=REPO, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=url, timeout=5) as http:

            async def answers() -> bool:
                try:
                    return (await http.get("/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(answers, within=30.0)
        stack = StackEnv(url, keys.publishable, keys.secret, database.conninfo, "", "", "")
        house = House(stack, database, "")
        made = await house.sql(
            "insert into public.subjects (name) values ('Mathematics') "
            "on conflict (name) do update set name = excluded.name returning id"
        )
        yield replace(house, subject=str(made[0][0]))
    finally:
        for process in (gateway, rest):
            if process.returncode is None:
                process.terminate()
            await process.wait()
