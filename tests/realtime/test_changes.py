"""Changes of a table reach those who asked for them and may see them: told with supabase-py."""

from __future__ import annotations

import pytest

from tests.realtime.clients import Watcher, connected
from tests.realtime.notes import notes
from tests.support.campaign import size
from tests.support.people import Person
from tests.support.stack import StackEnv


async def test_an_insert_reaches_its_owner_and_nobody_else(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    async with notes(stack) as table, connected(stack, ada) as one, connected(stack, bob) as two:
        hers = await Watcher(one, "notes").changes(table.name, "INSERT").start()
        his = await Watcher(two, "notes").changes(table.name, "INSERT").start()
        await table.add(ada.id, "to Ada")
        await table.add(bob.id, "to Bob")
        assert [data["record"]["body"] for data in await hers.hears(1)] == ["to Ada"]
        assert [data["record"]["body"] for data in await his.hears(1)] == ["to Bob"]


async def test_somebody_without_a_session_hears_nothing(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack) as anybody, connected(stack, ada) as hers:
        await table.run("grant select on {} to anon")
        nobody = await Watcher(anybody, "notes").changes(table.name).start()
        owner = await Watcher(hers, "notes").changes(table.name).start()
        await table.add(ada.id)
        await owner.hears(1)
        assert nobody.heard == []


async def test_a_filter_narrows_what_comes(stack: StackEnv, ada: Person) -> None:
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


async def test_two_wishes_of_one_channel_each_get_theirs(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = Watcher(client, "n")
        watcher.changes(table.name, "INSERT", "room=eq.attic")
        watcher.changes(table.name, "UPDATE")
        await watcher.start()
        first = await table.add(ada.id, room="cellar")
        await table.add(ada.id, room="attic")
        await table.run("update {} set body = 'x' where id = %s", first)
        insert, update = await watcher.hears(2)
        assert (insert["type"], insert["record"]["room"]) == ("INSERT", "attic")
        assert (update["type"], update["record"]["room"]) == ("UPDATE", "cellar")


async def test_many_changes_come_complete_and_in_order(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    """Single commits and one large one, each subscriber its own rows only."""
    many = size(200, 5000)
    async with notes(stack) as table, connected(stack, ada) as one, connected(stack, bob) as two:
        hers = await Watcher(one, "n").changes(table.name, "INSERT").start()
        his = await Watcher(two, "n").changes(table.name, "*", f"owner=eq.{bob.id}").start()
        for number in range(many // 2):
            await table.add((ada, bob)[number % 2].id, str(number))
        await table.run(
            "insert into {} (owner, body) select (array[%s, %s])[1 + n %% 2]::uuid, n::text"
            " from generate_series(%s::int, %s::int) n order by n",
            ada.id, bob.id, many // 2, many - 1,
        )  # fmt: skip
        await hers.hears(many // 2, within=60)
        await his.hears(many // 2, within=60)
        assert [row["body"] for row in hers.records] == [str(n) for n in range(0, many, 2)]
        assert [row["body"] for row in his.records] == [str(n) for n in range(1, many, 2)]


async def test_a_row_that_moves_out_of_sight_is_not_told(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "UPDATE").start()
        gone, kept = await table.add(ada.id), await table.add(ada.id)
        await table.run("update {} set owner = %s where id = %s", bob.id, gone)
        await table.run("update {} set body = 'still hers' where id = %s", kept)
        (update,) = await watcher.hears(1)
        assert update["record"]["id"] == kept


async def test_a_rolled_back_change_is_not_told(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        async with table.connection.transaction(force_rollback=True):
            await table.add(ada.id, "never")
        await table.add(ada.id, "kept")
        assert [data["record"]["body"] for data in await watcher.hears(1)] == ["kept"]


@pytest.mark.parametrize(
    ("rls", "expected"), [(True, {"id"}), (False, {"id", "owner", "room", "body", "secret"})]
)
async def test_a_delete_tells_the_key_and_the_rest_only_without_policies(
    stack: StackEnv, ada: Person, rls: bool, expected: set[str]
) -> None:
    async with notes(stack, rls=rls) as table, connected(stack, ada) as client:
        await table.run("alter table {} replica identity full")
        watcher = await Watcher(client, "n").changes(table.name, "DELETE").start()
        number = await table.add(ada.id)
        await table.run("delete from {} where id = %s", number)
        (data,) = await watcher.hears(1)
        assert data["type"] == "DELETE"
        assert data["old_record"]["id"] == number
        assert set(data["old_record"]) == expected
        assert "record" not in data


async def test_a_delete_is_told_even_to_those_who_could_not_see_the_row(
    stack: StackEnv, ada: Person, bob: Person
) -> None:
    async with notes(stack) as table, connected(stack, bob) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        number = await table.add(ada.id)
        await table.run("delete from {} where id = %s", number)
        assert [data["old_record"] for data in await watcher.hears(1)] == [{"id": number}]


async def test_full_replica_identity_gives_the_whole_old_row(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        await table.run("alter table {} replica identity full")
        watcher = await Watcher(client, "n").changes(table.name, "UPDATE").start()
        number = await table.add(ada.id, "before")
        await table.run("update {} set body = 'after' where id = %s", number)
        (data,) = await watcher.hears(1)
        assert data["old_record"]["body"] == "before"
        assert data["old_record"]["owner"] == ada.id
        assert data["record"]["body"] == "after"


async def test_a_large_value_left_alone_keeps_the_rest_of_the_row(
    stack: StackEnv, ada: Person
) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name, "UPDATE").start()
        await table.run("alter table {} alter column secret set storage external")
        await table.run("insert into {} (owner, secret) values (%s, repeat('x', 20000))", ada.id)
        await table.run("update {} set body = 'after'")
        (data,) = await watcher.hears(1)
        assert data["record"]["body"] == "after"
        assert "secret" not in data["record"]


async def test_the_service_role_hears_everything(stack: StackEnv, ada: Person) -> None:
    service = StackEnv(**{**vars(stack), "publishable_key": stack.secret_key})
    async with notes(stack) as table, connected(service) as client:
        await table.run("grant select on {} to service_role")
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.add(ada.id, "seen")
        assert [data["record"]["body"] for data in await watcher.hears(1)] == ["seen"]


async def test_every_table_of_a_schema_can_be_watched(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as one, notes(stack) as two, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(None).start()
        await one.add(ada.id)
        await two.add(ada.id)
        data = await watcher.hears(2)
        assert [part["table"] for part in data] == [one.name, two.name]


async def test_a_large_transaction_reaches_a_client_that_reads(stack: StackEnv) -> None:
    """Nothing to ask the database about, so nothing slows the stream down but the reader."""
    many = size(6_000, 60_000)
    service = StackEnv(**{**vars(stack), "publishable_key": stack.secret_key})
    async with notes(stack) as table, connected(service) as client:
        await table.run("grant select on {} to service_role")
        watcher = await Watcher(client, "n").changes(table.name, "INSERT").start()
        await table.run(
            "insert into {} (owner) select gen_random_uuid() from generate_series(1, %s::int)", many
        )
        data = await watcher.hears(many, within=60)
        numbers = [part["record"]["id"] for part in data]
        assert numbers == list(range(1, many + 1))
