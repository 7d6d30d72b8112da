"""Rooms against a model: any order of joins, losses, resumes and signals, on the real server.

The model says who is where and what each peer must have received, message by message; afterwards
every client has exactly that. The pure `Rooms` are run through the same decisions.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signaling_server.errors import Refused
from signaling_server.listener import listen
from signaling_server.node import Node
from signaling_server.rooms import Member, Rooms
from signaling_server.settings import Settings
from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import QUICK
from tests.signaling.project import KEY, Project, Server, Someone
from tests.support.campaign import size
from tests.support.wait import eventually

PEOPLE, ROOMS = 5, 3


class RoomsMachine(RuleBasedStateMachine):
    """The pure state: capacity, one presence a person, order; a refused join changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms = Rooms(capacity=2, rooms_per_user=2)
        self.model: dict[str, list[Member]] = {}

    @rule(user=st.integers(0, 4), room=st.integers(0, 3), resume=st.booleans())
    def join(self, user: int, room: int, resume: bool) -> None:
        name, who = f"room-{room}", f"user-{user}"
        inside = self.model.get(name, [])
        mine = next((one for one in inside if one.user == who), None)
        newcomer = Member(name, secrets.token_hex(8), who, "n", "student", secrets.token_hex(4))
        others = [one for one in inside if one is not mine]
        elsewhere = sum(any(m.user == who for m in them) for them in self.model.values())
        try:
            claim = (mine.peer, mine.secret) if resume and mine else None
            joined = self.rooms.join(newcomer, claim)
        except Refused as why:
            full = why.code == "room_full"
            refused_rightly = mine is None and (len(others) >= 2 if full else elsewhere >= 2)
            assert refused_rightly
            return
        assert len(others) < 2
        assert [one.peer for one in joined.others] == [one.peer for one in others]
        if resume and mine:
            assert (joined.resumed, joined.member.peer) == (True, mine.peer)
            assert joined.member.order == mine.order
        else:
            assert (joined.replaced is None) == (mine is None)
            self.model[name] = [*others, joined.member]

    @precondition(lambda self: any(self.model.values()))
    @rule(data=st.data(), gone=st.booleans())
    def leave(self, data: st.DataObject, gone: bool) -> None:
        inside = [one for them in self.model.values() for one in them]
        member = data.draw(st.sampled_from(inside))
        if not gone:
            assert self.rooms.lose(member.peer) is not None
            return
        left = self.rooms.leave(member.peer)
        assert left is not None
        self.model[member.room].remove(member)
        assert [one.peer for one in left.others] == [one.peer for one in self.model[member.room]]
        assert self.rooms.leave(member.peer) is None

    @invariant()
    def the_same(self) -> None:
        assert len(self.rooms) == sum(bool(them) for them in self.model.values())
        for name, them in self.model.items():
            assert [one.peer for one in self.rooms.members(name)] == [one.peer for one in them]


class Person:
    """A client and what the model expects it to have received."""

    def __init__(self, someone: Someone) -> None:
        self.someone = someone
        self.client: Client | None = None
        self.room: str | None = None
        self.presence: dict[str, Any] | None = None
        self.expected: list[str] = []
        self.heard: list[str] = []
        self.seen = 0
        self.away = False

    def take(self) -> None:
        if self.client is None:
            return
        for one in self.client.signals():
            self.heard.append(one["candidate"]["candidate"])
            self.seen = max(self.seen, one["seq"])
        self.client.events.clear()


class ServerMachine(RuleBasedStateMachine):
    """Many people and rooms on a real node: nobody hears what was not said to them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.project = Project()
        self.web = await Server.start(self.project.app(), lifespan="off")
        self.project.url = self.web.url
        options: dict[str, Any] = QUICK | {
            "grace_seconds": 60,
            "recheck_seconds": 60,
            "idle_seconds": 600,
        }
        self.node = Node(
            Settings(supabase_url=self.web.url, publishable_key=KEY, port=0, **options)
        )
        await self.node.start()
        self.server = await listen(self.node)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        self.people = [Person(self.project.someone()) for _ in range(PEOPLE)]
        self.rooms = [
            self.project.room(*(one.someone for one in self.people)) for _ in range(ROOMS)
        ]
        self.count = 0
        # Away in one room and by now in another: the first place is kept for the grace time.
        self.ghosts: dict[str, dict[int, str]] = {room: {} for room in self.rooms}

    def inside(self, room: str | None) -> list[Person]:
        return [one for one in self.people if one.room == room and room is not None]

    async def _connect(self, person: Person) -> Client:
        if person.client is None or person.client.closed:
            person.client = await Client.connect(self.url)
            await person.client.enter({"token": person.someone.token})
        return person.client

    @rule(who=st.integers(0, PEOPLE - 1), where=st.integers(0, ROOMS - 1), resume=st.booleans())
    def join(self, who: int, where: int, resume: bool) -> None:
        self.loop.run_until_complete(self._join(self.people[who], self.rooms[where], resume))

    async def _join(self, person: Person, room: str, resume: bool) -> None:
        client = await self._connect(person)
        claim = person.presence if resume and person.presence and person.room == room else None
        ghosts = self.ghosts[room]
        others = [one for one in self.inside(room) if one is not person]
        full = len(others) + len(set(ghosts) - {id(person)}) >= 2
        person.take()
        more = {"resume": claim | {"seen": person.seen}} if claim else {}
        try:
            joined = await client.join(room, **more)
        except RefusedError as why:
            assert (why.code, full) == ("room_full", True)  # noqa: PT017 - either way is a rule
            return
        assert not full
        same = person.room == room and (claim is not None or not person.away)
        assert joined["resumed"] is same
        ghosts.pop(id(person), None)
        if not same:
            if person.away and person.room != room and person.room and person.presence:
                self.ghosts[person.room][id(person)] = person.presence["peer"]
            self._gone(person)
            person.seen = 0
        person.room, person.presence, person.away = room, joined["resume"], False
        there = {one.presence["peer"] for one in self.inside(room) if one.presence}
        there |= set(ghosts.values())
        assert {one["peer"] for one in joined["peers"]} == there - {joined["peer"]}

    def _gone(self, person: Person) -> None:
        """What was sent to a presence that is over and never came is not expected any more."""
        if person.away:
            person.expected = person.expected[: len(person.heard)]
        person.room = person.presence = None
        person.away = False

    @rule(who=st.integers(0, PEOPLE - 1), whom=st.integers(0, PEOPLE - 1), fast=st.booleans())
    def say(self, who: int, whom: int, fast: bool) -> None:
        self.loop.run_until_complete(self._say(self.people[who], self.people[whom], fast))

    async def _say(self, person: Person, other: Person, fast: bool) -> None:
        if person.client is None or person.client.closed:
            return
        self.count += 1
        text = f"{self.count}"
        to = other.presence["peer"] if other.presence else "A" * 16
        here = person.room is not None and not person.away
        allowed = person is not other and here and person.room == other.room
        payload: dict[str, Any] = {"to": to, "candidate": {"candidate": text}}
        if not fast:
            payload = dict(reversed(payload.items()))
        try:
            await person.client.call("signal", payload)
        except RefusedError as why:
            assert (why.code, allowed) == ("unknown_peer", False)  # noqa: PT017 - as above
            return
        assert allowed
        other.expected.append(text)

    @rule(who=st.integers(0, PEOPLE - 1))
    def leave(self, who: int) -> None:
        person = self.people[who]
        if person.client is not None and not person.client.closed:
            self.loop.run_until_complete(person.client.call("leave"))
            # A place whose connection was lost is not this connection's to leave: it is kept.
            if not person.away:
                self._gone(person)

    @rule(who=st.integers(0, PEOPLE - 1))
    def lose_network(self, who: int) -> None:
        person = self.people[who]
        if person.client is None or person.client.closed:
            return
        self.loop.run_until_complete(self._lose(person, person.client))

    async def _lose(self, person: Person, client: Client) -> None:
        before = len(self.node.hub.door.inside)
        client.vanish()
        await client.until_closed()

        async def noticed() -> bool:
            return len(self.node.hub.door.inside) < before

        await eventually(noticed, within=30)
        person.take()
        person.away = person.room is not None

    def teardown(self) -> None:
        self.loop.run_until_complete(self._finish())
        self.loop.close()

    async def _finish(self) -> None:
        for person in self.people:
            client = person.client
            if client is not None and not client.closed:
                await client.call("ice_servers")  # whatever was sent before it has arrived
                person.take()
        for person in self.people:
            if not person.away:
                assert person.heard == person.expected
            else:
                assert person.heard == person.expected[: len(person.heard)]
        for person in self.people:
            if person.client is not None:
                await person.client.close()
        self.server.close()
        await self.node.close()
        await self.web.hang_up()


TestRooms = RoomsMachine.TestCase
TestRooms.settings = settings(max_examples=size(60, 1000), stateful_step_count=40, deadline=None)
TestServer = ServerMachine.TestCase
TestServer.settings = settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=size(8, 150),
    stateful_step_count=size(30, 60),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
