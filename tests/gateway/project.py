"""A small project for tests of the data API: a database with tables of its own and a PostgREST."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from local.keys import Keys, make_keys
from local.services import POSTGREST
from tests.support.database import TestDatabase, drop_database, make_database
from tests.support.wait import eventually

SCHEMA = """
create table public.items (
    id bigint generated always as identity primary key,
    name text not null constraint items_name_unique unique,
    owner uuid default auth.uid(),
    price numeric,
    tags text[] not null default '{}',
    made_at timestamptz not null default now()
);
alter table public.items enable row level security;
create policy "everyone reads" on public.items for select to anon, authenticated using (true);
create policy "owners write" on public.items for all to authenticated
    using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
grant select on public.items to anon;
grant select, insert, update, delete on public.items to authenticated, service_role;

create function public.echo(value jsonb) returns jsonb language sql immutable
    return value;
create function public.total(numbers int[]) returns bigint language sql immutable
    return (select sum(number) from unnest(numbers) as number);
create function public.request() returns jsonb language sql stable
    return jsonb_build_object(
        'role', current_setting('role'),
        'claims', nullif(current_setting('request.jwt.claims', true), '')::jsonb,
        'headers', current_setting('request.headers', true)::jsonb,
        'path', current_setting('request.path', true)
    );
create function public.much(characters int) returns text language sql immutable
    return repeat('x', characters);
create function public.nap(seconds float8) returns text language sql volatile
    as $$ select pg_sleep(seconds); select 'slept'; $$;
create function public.refuse() returns void language plpgsql as $$
begin
    raise sqlstate 'PGRST' using
        message = '{"code": "slot_taken", "message": "Taken.", "details": null, "hint": null}',
        detail = '{"status": 409, "headers": {"x-why": "taken"}}';
end $$;
grant execute on all functions in schema public to anon, authenticated, service_role;
"""


@dataclass(frozen=True)
class Project:
    """A database and where its PostgREST listens."""

    database: TestDatabase
    keys: Keys
    socket: Path

    def settings(self) -> dict[str, object]:
        """What `running_gateway` needs."""
        return {
            "keys": self.keys,
            "database_url": self.database.admin_conninfo,
            "postgrest_socket": self.socket,
        }

    async def start_postgrest(self) -> asyncio.subprocess.Process:
        """A PostgREST on the project's socket, which may still be reading the schema."""
        self.socket.unlink(missing_ok=True)
        login = conninfo_to_dict(make_conninfo(self.database.conninfo, user="authenticator"))
        settings = {
            "PGRST_DB_URI": "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**login),
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_MAX_ROWS": "1000",
            "PGRST_JWT_SECRET": json.dumps(self.keys.postgrest_jwks()),
            "PGRST_SERVER_UNIX_SOCKET": str(self.socket),
        }
        return await asyncio.create_subprocess_exec(
            os.environ.get("PGRST_BIN", str(POSTGREST)),
            env={**os.environ, **settings},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    @contextlib.asynccontextmanager
    async def postgrest(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await self.start_postgrest()
        try:
            await eventually(self._reads_the_schema, within=15)
            yield process
        finally:
            await stop(process)

    async def _reads_the_schema(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"HEAD /items?limit=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@contextlib.asynccontextmanager
async def new_project(server: str, directory: Path) -> AsyncIterator[Project]:
    """A project without a running PostgREST."""
    name = f"project_{uuid.uuid4().hex[:12]}"
    database = await make_database(server, name, migrated=False)
    try:
        async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
            await conn.execute(SCHEMA.encode())
        yield Project(database, make_keys(), directory / "postgrest.sock")
    finally:

        async def dropped() -> bool:
            # A gateway's replication slot lives a moment longer than the gateway.
            with contextlib.suppress(errors.ObjectInUse):
                await drop_database(server, name)
                return True
            return False

        await eventually(dropped, within=20)
