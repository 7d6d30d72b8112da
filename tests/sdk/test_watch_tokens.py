"""Watching while tokens expire, are renewed and are refused.

Real sockets and processes: a gateway that is killed, a Postgres that is killed, a wire that is
cut. Only the long waits of the client pass on a clock of the test's own.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import jwt
import pytest

from mentorkit import AsyncMentorkit, ConnectionStatus, LiveOptions
from mentorkit.errors import NotSignedIn
from tests.sdk.clocks import FastClock
from tests.sdk.conftest import MakeReader
from tests.sdk.cutting import Wire
from tests.sdk.reading import SOON, port_of
from tests.support.people import sign_up
from tests.support.stack import StackEnv
from tests.support.wait import eventually


async def test_a_token_that_expires_while_the_connection_is_away(
    reader: MakeReader, own: StackEnv
) -> None:
    clock = FastClock()
    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, clock=clock)
        before = await ada.client.auth.access_token()
        wire.sever()
        clock.passed += 2 * 3600
        await ada.write(3)
        await ada.read_all()
        assert await ada.client.auth.access_token() != before
        await ada.nothing_comes_twice()


async def test_a_token_that_the_server_refuses_on_the_way_back(
    reader: MakeReader, own: StackEnv, own_data: Path
) -> None:
    """Expired for good, by the server's clock: the next one is asked for and all goes on."""
    secret = json.loads((own_data / "keys.json").read_text())["jwt_secret"]
    person = await sign_up(own, "Ada")
    lives: list[float] = [3600.0]

    def token() -> str:
        now = int(time.time())
        claims = jwt.decode(person.access_token, options={"verify_signature": False})
        claims |= {"iat": now - 7200, "exp": now + int(lives.pop() if lives[1:] else lives[0])}
        return jwt.encode(claims, secret, "HS256")

    async with Wire(port_of(own)) as wire:
        ada = await reader(wire.url, person=person, access_token=token)
        lives[:] = [3600.0, -60.0]  # the next one that is asked for has expired, those after not
        wire.sever()
        await ada.write(3)
        await ada.read_all()
        await ada.nothing_comes_twice()


async def test_a_fresh_token_reaches_the_open_connection(reader: MakeReader, own: StackEnv) -> None:
    async with Wire(port_of(own)) as wire:
        clock = FastClock()
        ada = await reader(wire.url, clock=clock, live=LiveOptions(heartbeat=0.2))
        opened = wire.accepted
        before = await ada.client.auth.access_token()
        clock.passed += 3600 - 30
        await ada.write(1)
        await ada.read_all()

        async def renewed() -> bool:
            return await ada.client.auth.access_token() != before

        await eventually(renewed)
        await ada.write(2)
        await ada.read_all()
        assert wire.accepted - opened <= 1, "only the refresh itself, not another websocket"
        assert ada.client.connection.status is ConnectionStatus.LIVE


async def test_a_session_that_was_ended_elsewhere_ends_the_watch(
    reader: MakeReader, own: StackEnv
) -> None:
    clock = FastClock()
    ada = await reader(own.supabase_url, clock=clock)
    async with AsyncMentorkit(own.supabase_url, own.publishable_key) as other:
        await other.auth.sign_in(email=ada._person.email, password=ada._person.password)
        await other.auth.sign_out(everywhere=True)
    clock.passed += 7200
    with pytest.raises(NotSignedIn, match="ended"):
        await ada.watch.next(timeout=SOON)
