"""The contract with supabase-js: its own client in Node, with both kinds of keys and signing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.project import Project
from tests.gateway.serving import running_gateway
from tests.support.node import run_node

SCRIPTS = Path(__file__).with_name("js")


# Each way of signing and each kind of key, not every pair of them.
WAYS = [("ES256", "opaque"), ("HS256", "legacy")]


@pytest.mark.parametrize(("signing", "kind"), WAYS)
@pytest.mark.parametrize("script", ["auth.mjs", "data.mjs"])
async def test_supabase_js_notices_no_difference(
    project: Project, script: str, signing: str, kind: str
) -> None:
    printed = await against(project, script, signing, kind)
    assert printed.splitlines()[-1] == "all ok", printed


async def against(project: Project, script: str, signing: str, kind: str) -> str:
    """Run a script against a gateway of this signing with keys of this kind."""
    keys = project.keys
    legacy = kind == "legacy"
    async with running_gateway(**project.settings(), signing=signing) as gateway:
        env = {
            "URL": gateway.url,
            "PUBLISHABLE_KEY": keys.anon_key if legacy else keys.publishable,
            "SECRET_KEY": keys.service_role_key if legacy else keys.secret,
            "SIGNING": signing,
        }
        return await run_node(SCRIPTS / script, env)
