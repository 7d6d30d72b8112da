"""Subscriptions that are refused say why; tokens decide, are renewed, and run out."""

from __future__ import annotations

import pytest
from realtime import RealtimeSubscribeStates

from tests.realtime.clients import Watcher, connected
from tests.realtime.notes import notes
from tests.realtime.tokens import minted
from tests.support.people import Person
from tests.support.stack import StackEnv
from tests.support.wait import eventually


async def refused(watcher: Watcher) -> str:
    """Wait until the channel is in error; the reason."""

    async def in_error() -> bool:
        return RealtimeSubscribeStates.CHANNEL_ERROR in watcher.states

    await eventually(in_error)
    return str(watcher.errors[0])


@pytest.mark.parametrize(
    ("filter_text", "told"),
    [
        ("body=foo.x", 'Error parsing `filter` params: [\\\\\\"foo\\\\\\", \\\\\\"x\\\\\\"]'),
        ("nowhere=eq.1", "invalid column for filter nowhere"),
        ("secret=eq.1", "invalid column for filter secret"),
        ("id=eq.one", "invalid input syntax for type bigint"),
    ],
)
async def test_a_wrong_filter_is_told(
    stack: StackEnv, ada: Person, filter_text: str, told: str
) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        await table.run("revoke select on {} from authenticated")
        await table.run("grant select (id, owner, body) on {} to authenticated")
        watcher = Watcher(client, "n").changes(table.name, "*", filter_text)
        await watcher.start(flowing=False)
        assert told.replace('\\\\\\"', '\\"') in await refused(watcher)


async def test_a_table_that_is_not_published_is_told(stack: StackEnv, ada: Person) -> None:
    async with notes(stack, published=False) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start(flowing=False)
        reason = await refused(watcher)
        assert "Unable to subscribe to changes with given parameters" in reason
        assert "Please check Realtime is enabled" in reason


async def test_a_column_that_may_not_be_selected_is_told(stack: StackEnv, ada: Person) -> None:
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = Watcher(client, "n").changes(table.name, "*", select=["nowhere"])
        await watcher.start(flowing=False)
        assert "invalid column for select nowhere" in await refused(watcher)


async def test_a_new_token_counts_from_then_on(stack: StackEnv, ada: Person, bob: Person) -> None:
    """Ada signs out and Bob in, on the same connection: what was Ada's is not told any more."""
    async with notes(stack) as table, connected(stack, ada) as client:
        watcher = await Watcher(client, "n").changes(table.name).start()
        await table.add(ada.id, "for Ada")
        await watcher.hears(1)
        watcher.flowing.clear()
        await client.set_auth(bob.access_token)
        await watcher.flowing.wait()
        await table.add(ada.id, "for Ada")
        await table.add(bob.id, "for Bob")
        await watcher.hears(2)
        assert [row["body"] for row in watcher.records] == ["for Ada", "for Bob"]
        assert watcher.states == [RealtimeSubscribeStates.SUBSCRIBED]


async def test_a_refreshed_token_keeps_the_channel_open(
    stack: StackEnv, ada: Person, signing_secret: str
) -> None:
    """The first token runs out while the channel lives on with the second."""
    short = Person(ada.id, ada.email, "", minted(signing_secret, ada.id, seconds=2))
    async with notes(stack) as table, connected(stack, short) as client:
        kept = await Watcher(client, "kept").changes(table.name).start()
        await client.set_auth(ada.access_token)
        async with connected(stack, short) as other:
            ended = await Watcher(other, "ended").changes(table.name).start()

            async def closed() -> bool:
                return RealtimeSubscribeStates.CLOSED in ended.states

            await eventually(closed, within=8)
            assert any("Token has expired" in str(error) for error in ended.errors)
        await table.add(ada.id, "after")
        assert [data["record"]["body"] for data in await kept.hears(1)] == ["after"]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("expired", "InvalidJWTToken: Token has expired"),
        ("forged", "JwtSignatureError: Failed to validate JWT signature"),
        ("garbage", "MalformedJWT: The token provided is not a valid JWT"),
        ("no role", "InvalidJWTToken: Fields `role` and `exp` are required in JWT"),
    ],
)
async def test_a_bad_token_cannot_join(
    stack: StackEnv, signing_secret: str, made: str, told: str
) -> None:
    tokens = {
        "expired": minted(signing_secret, "x", seconds=-5),
        "forged": minted("another secret that is just as long as the first", "x"),
        "garbage": "not.a.token",
        "no role": minted(signing_secret, "x", role=None),
    }
    async with connected(stack, Person("", "", "", tokens[made])) as client:
        watcher = await Watcher(client, "n").start(flowing=False)
        assert told in await refused(watcher)
