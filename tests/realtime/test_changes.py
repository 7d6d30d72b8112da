"""Changes of a table reach those who asked for them and may see them: told with supabase-py."""

from __future__ import annotations

from tests.realtime.clients import Watcher, connected
from tests.realtime.notes import notes
from tests.support.people import sign_up
from tests.support.stack import StackEnv


async def test_an_insert_reaches_its_owner_and_nobody_else(stack: StackEnv) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    async with notes(stack) as table, connected(stack, ada) as one, connected(stack, bob) as two:
        hers = await Watcher(one, "notes").changes(table.name, "INSERT").start()
        his = await Watcher(two, "notes").changes(table.name, "INSERT").start()
        await table.add(ada.id, "to Ada")
        await table.add(bob.id, "to Bob")
        assert [data["record"]["body"] for data in await hers.hears(1)] == ["to Ada"]
        assert [data["record"]["body"] for data in await his.hears(1)] == ["to Bob"]


async def test_a_filter_narrows_what_comes(stack: StackEnv) -> None:
    ada = await sign_up(stack)
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "*", "room=eq.attic").start()
        await table.add(ada.id, "downstairs")
        number = await table.add(ada.id, "upstairs", "attic")
        await table.run("update {} set body = 'changed' where id = %s", number)
        insert, update = await watcher.hears(2)
        assert insert["type"] == "INSERT"
        assert insert["record"]["body"] == "upstairs"
        assert update["type"] == "UPDATE"
        assert update["record"]["body"] == "changed"
        assert update["old_record"] == {"id": number}
