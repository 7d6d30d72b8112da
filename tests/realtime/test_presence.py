"""Presence: who is there, who came, who went."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from local.gateway.realtime.presence import Diff, Presence, State
from tests.realtime.clients import Watcher, connected
from tests.realtime.phoenix import phoenix
from tests.support.campaign import size
from tests.support.stack import StackEnv
from tests.support.wait import eventually


def shown(state: State) -> dict[str, list[dict[str, Any]]]:
    """The state without the refs."""
    return {
        key: [
            {name: value for name, value in meta.items() if not name.startswith("phx_")}
            for meta in entry["metas"]
        ]
        for key, entry in state.items()
    }


async def test_a_newcomer_is_given_the_state_and_told_who_comes_and_goes(stack: StackEnv) -> None:
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as one, phoenix(stack, "1.0.0") as two:
        await one.join(topic, presence={"key": "ada", "enabled": True})
        assert (await one.event("presence_state")).payload == {}
        track = {"type": "presence", "event": "track", "payload": {"mood": "glad"}}
        assert (await one.ask(topic, "presence", track))["status"] == "ok"
        diff = (await one.event("presence_diff")).payload
        assert shown(diff["joins"]) == {"ada": [{"mood": "glad"}]}

        await two.join(topic, presence={"key": "bob", "enabled": True})
        assert shown((await two.event("presence_state")).payload) == {"ada": [{"mood": "glad"}]}
        track["payload"] = {"mood": "sad"}
        await one.ask(topic, "presence", track)
        diff = (await two.event("presence_diff")).payload
        assert shown(diff["joins"]) == {"ada": [{"mood": "sad"}]}
        assert shown(diff["leaves"]) == {"ada": [{"mood": "glad"}]}

        await one.ask(topic, "presence", {"event": "untrack"})
        assert shown((await two.event("presence_diff")).payload["leaves"]) == {
            "ada": [{"mood": "sad"}]
        }


async def test_somebody_whose_connection_ends_is_gone(stack: StackEnv) -> None:
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as one:
        await one.join(topic, presence={"enabled": True})
        async with phoenix(stack) as two:
            await two.join(topic, presence={"key": "bob"})
            await two.ask(topic, "presence", {"event": "track", "payload": {}})
            await one.event("presence_diff")
        diff = (await one.event("presence_diff")).payload
        assert list(diff["leaves"]) == ["bob"]


async def test_what_makes_no_sense_is_refused(stack: StackEnv) -> None:
    topic = f"realtime:{uuid4()}"
    async with phoenix(stack) as client:
        await client.join(topic)
        answer = await client.ask(topic, "presence", {"event": "track", "payload": "glad"})
        assert answer["response"]["reason"] == "Presence track payload must be a map"
        assert (await client.ask(topic, "presence", {"event": "dance"}))["status"] == "error"


async def test_supabase_py_sees_who_is_there(stack: StackEnv) -> None:
    name = str(uuid4())
    async with connected(stack) as one, connected(stack) as two:
        watching = Watcher(one, name, presence={"key": "ada", "enabled": True})
        watching.channel.on_presence_sync(lambda: None)
        await watching.start(flowing=False)
        coming = await Watcher(two, name, presence={"key": "bob", "enabled": True}).start(
            flowing=False
        )
        await coming.channel.track({"mood": "glad"})

        async def there() -> bool:
            return "bob" in watching.channel.presence_state()

        async def gone() -> bool:
            return "bob" not in watching.channel.presence_state()

        await eventually(there)
        assert watching.channel.presence_state()["bob"][0]["mood"] == "glad"  # type: ignore[typeddict-item]
        await coming.channel.untrack()
        await eventually(gone)


class Room(RuleBasedStateMachine):
    """A client that starts with the state and applies every diff always knows who is there."""

    def __init__(self) -> None:
        super().__init__()
        self.presence = Presence()
        self.known: dict[str, dict[str, dict[str, Any]]] = {}

    def learn(self, diff: Diff | None) -> None:
        if diff is None:
            return
        for key, entry in diff.joins.items():
            for meta in entry["metas"]:
                self.known.setdefault(key, {})[meta["phx_ref"]] = meta
        for key, entry in diff.leaves.items():
            for meta in entry["metas"]:
                del self.known[key][meta["phx_ref"]]
            if not self.known[key]:
                del self.known[key]

    @rule(who=st.integers(0, 4), key=st.sampled_from("ab"), mood=st.integers(0, 2))
    def track(self, who: int, key: str, mood: int) -> None:
        # A channel has one presence key for its life.
        self.learn(self.presence.track("room", (who, key), key, {"mood": mood}))

    @rule(who=st.integers(0, 4), key=st.sampled_from("ab"))
    def untrack(self, who: int, key: str) -> None:
        self.learn(self.presence.untrack("room", (who, key)))

    @invariant()
    def everybody_is_known(self) -> None:
        state = self.presence.state("room")
        assert {
            key: {meta["phx_ref"]: meta for meta in entry["metas"]} for key, entry in state.items()
        } == self.known


TestRoom = Room.TestCase
TestRoom.settings = settings(deadline=None, max_examples=size(20, 500), stateful_step_count=20)
