"""supabase-js, in Node, notices no difference to hosted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.realtime.notes import notes
from tests.support.people import Person
from tests.support.stack import REPO, StackEnv

STORY = Path(__file__).with_name("js") / "story.mjs"


async def test_supabase_js_hears_changes_broadcasts_and_presence(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    async with notes(stack) as table:
        node = await asyncio.create_subprocess_exec(
            "node", str(STORY), stack.supabase_url, stack.publishable_key,
            ada.access_token, ada.id, table.name,
            cwd=REPO, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert node.stdin is not None
        assert node.stdout is not None
        async with asyncio.timeout(40):
            assert await node.stdout.readline() == b"ready\n", await node.communicate()
            his = await table.add(bob.id, "not hers")
            number = await table.add(ada.id, "a,b")
            await table.run("update {} set body = 'changed' where id = %s", number)
            await table.run("delete from {} where id = %s", his)
            out, err = await node.communicate(b"go\n")
        assert node.returncode == 0, err.decode()
        heard = json.loads(out)

    insert, update, delete = heard["changes"]
    assert (insert["type"], insert["new"]["body"], insert["old"]) == ("INSERT", "a,b", {})
    assert (update["type"], update["new"]["body"], update["old"]) == (
        "UPDATE",
        "changed",
        {"id": number},
    )
    assert (delete["type"], delete["new"], delete["old"]) == ("DELETE", {}, {"id": his})
    assert heard["filtered"] == ["a,b"]
    assert heard["broadcasts"] == [{"grüße": 1}, [0, 255, 16], {"over": "http"}]
    assert heard["acks"][:2] == ["ok", "ok"]
    assert "not supported" in heard["acks"][2] or heard["acks"][2] == "error"
    assert heard["acks"][3] == "ok"
    assert heard["presence"] == [["ada", "glad"]]
    assert heard["left"] == "ok"
    status, reason = heard["refusal"]
    assert status == "CHANNEL_ERROR"
    assert reason.startswith("Unauthorized: You do not have permissions to read")
