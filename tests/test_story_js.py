"""The product's story through the clients that frontends use: supabase-js and socket.io-client."""

from __future__ import annotations

from pathlib import Path

from tests.support.node import run_node
from tests.support.stack import StackEnv

STORY = Path(__file__).with_name("js") / "story.mjs"


async def test_a_frontend_requests_approves_and_meets(stack: StackEnv) -> None:
    env = {
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SIGNALING_URL": stack.signaling_url,
    }
    printed = await run_node(STORY, env)
    assert printed.splitlines()[-1] == "story: ok", printed
