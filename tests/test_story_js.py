"""The product through the clients that frontends use: supabase-js and socket.io-client."""

from __future__ import annotations

from pathlib import Path

from tests.support.node import run_node
from tests.support.stack import StackEnv

SCRIPTS = Path(__file__).with_name("js")


async def test_a_frontend_requests_approves_and_meets(stack: StackEnv) -> None:
    env = {
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SIGNALING_URL": stack.signaling_url,
    }
    printed = await run_node(SCRIPTS / "story.mjs", env)
    assert printed.splitlines()[-1] == "story: ok", printed


async def test_a_frontend_does_everything_about_free_time(stack: StackEnv) -> None:
    env = {
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
    }
    printed = await run_node(SCRIPTS / "free_time.mjs", env)
    assert printed.splitlines()[-1] == "free time: ok", printed
