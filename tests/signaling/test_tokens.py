"""Tokens that are not what they should be open nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.signaling.client import Client, RefusedError
from tests.signaling.conftest import CARRIERS, Running, Serve
from tests.signaling.project import Project
from tests.support.wait import eventually

USER = "7e0f6f0e-7a5b-4a3e-9c57-1f0a3d1c2b3a"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(project: Project, kind: str) -> Any:
    """A token of one kind of wrong."""
    now = int(time.time())
    good = project.token(USER)
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    public = project.signing_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    stranger = ec.generate_private_key(ec.SECP256R1())

    def hs256(secret: bytes) -> str:
        import hashlib
        import hmac

        text = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': project.kid})}.{body}"
        mac = hmac.digest(secret, text.encode(), hashlib.sha256)
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    makers: dict[str, Any] = {
        "none given": lambda: "",
        "not text": lambda: 7,
        "alg none": lambda: f"{_part({'alg': 'none'})}.{body}.",
        "HS256 with the public key": lambda: hs256(public),
        "HS256 with the public JWK": lambda: hs256(json.dumps(project.jwks()["keys"][0]).encode()),
        "signature cut": lambda: f"{head}.{body}.{signature[:-8]}",
        "body changed": lambda: f"{head}.{_part(claims | {'sub': 'somebody else'})}.{signature}",
        "another key under our kid": lambda: jwt.encode(
            claims, stranger, "ES256", headers={"kid": project.kid}
        ),
        "unknown kid": lambda: jwt.encode(claims, stranger, "ES256", headers={"kid": "made up"}),
        "no kid": lambda: jwt.encode(claims, stranger, "ES256"),
        "other project": lambda: project.token(USER, iss="https://other.supabase.co/auth/v1"),
        "wrong audience": lambda: project.token(USER, aud="anon"),
        "expired": lambda: project.token(USER, exp=now - 60),
        "expired just now": lambda: project.token(USER, exp=now - 1),
        "not yet valid": lambda: project.token(USER, nbf=now + 600),
        "issued in the future": lambda: project.token(USER, iat=now + 600),
        "no expiry": lambda: project.token(USER, exp=None),
        "no subject": lambda: project.token(USER, sub=None),
        "anonymous role": lambda: project.token(USER, role="anon"),
        "service role": lambda: project.token(USER, role="service_role"),
        "8 kB and more": lambda: project.token(USER, app_metadata={"x": "y" * 9000}),
        "one part": lambda: "aaaa",
        "not ascii": lambda: "é.é.é",
        "a null byte": lambda: "\0.\0.\0",
    }
    return makers[kind]()


KINDS = (
    "none given", "not text", "alg none", "HS256 with the public key", "HS256 with the public JWK",
    "signature cut", "body changed", "another key under our kid", "unknown kid", "no kid",
    "other project", "wrong audience", "expired", "expired just now", "not yet valid",
    "issued in the future", "no expiry", "no subject", "anonymous role", "service role",
    "8 kB and more", "one part", "not ascii", "a null byte",
)  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_forged_token_is_refused_and_opens_nothing(serve: Serve, carrier: str) -> None:
    node: Running = await serve(carrier, connect_seconds=1.5)
    clients = []
    for kind in KINDS:
        client = await node.client()
        clients.append(client)
        with pytest.raises(RefusedError) as refused:
            await client.enter({"token": forged(node.project, kind)})
        assert refused.value.code == "unauthorized", kind
        with pytest.raises(RefusedError, match="unauthorized"):
            await client.join("room-aaaaaaaa")
    assert node.project.room_requests == 0
    for client in clients:
        assert await client.until_closed() == 1008


async def test_anything_but_a_token_is_refused(node: Running) -> None:
    wrong: list[Any] = [None, [], {}, "text", {"token": None}, {"tokens": "x"}]
    for auth in wrong:
        client = await node.client()
        with pytest.raises(RefusedError, match="unauthorized"):
            await client.enter(auth)


async def test_a_token_of_100_kb_is_refused_as_too_large(node: Running) -> None:
    client = await node.client()
    with pytest.raises(RefusedError, match="too_large"):
        await client.enter({"token": "a" * 100_000})


async def test_a_version_not_spoken_here_is_refused(node: Running) -> None:
    client = await node.client()
    with pytest.raises(RefusedError, match="unsupported_version"):
        await client.enter({"token": node.project.someone().token, "version": 2})


async def test_a_revoked_user_joins_nothing(node: Running) -> None:
    person = node.project.someone()
    room = node.project.room(person)
    client = await node.client(person)
    node.project.revoked.add(person.id)
    with pytest.raises(RefusedError, match="unauthorized"):
        await client.join(room)


async def test_made_up_key_ids_do_not_make_us_ask_for_keys_again_and_again(serve: Serve) -> None:
    node: Running = await serve()
    await (await node.client()).enter({"token": node.project.token(USER)})
    before = node.project.key_requests
    for _ in range(20):
        client = await node.client()
        with pytest.raises(RefusedError, match="unauthorized"):
            await client.enter({"token": forged(node.project, "unknown kid")})
    assert node.project.key_requests <= before + 1


async def test_rotated_keys_are_found(serve: Serve) -> None:
    node: Running = await serve(jwks_retry_seconds=0.05)
    await (await node.client()).enter({"token": node.project.token(USER)})
    node.project.kid = "second"
    node.project.signing_key = ec.generate_private_key(ec.SECP256R1())

    async def lets_in() -> bool:
        try:
            await (await node.client()).enter({"token": node.project.token(USER)})
        except RefusedError:
            return False
        return True

    await eventually(lets_in)


async def test_a_project_on_hs256_is_asked_itself(serve: Serve, project: Project) -> None:
    project.hs256 = True
    node: Running = await serve()
    person = project.someone()
    client = await node.client(person)
    assert (await client.join(project.room(person)))["peers"] == []
    wrong = jwt.encode(jwt.decode(person.token, options={"verify_signature": False}),
                       "another secret that is long enough", "HS256")  # fmt: skip
    other = await node.client()
    with pytest.raises(RefusedError, match="unauthorized"):
        await other.enter({"token": wrong})


async def test_when_nobody_can_tell_the_answer_is_unavailable(
    serve: Serve, project: Project
) -> None:
    project.auth_outage = True
    node: Running = await serve()
    client = await node.client()
    with pytest.raises(RefusedError, match="unavailable"):
        await client.enter({"token": project.token(USER)})


async def test_who_comes_right_after_auth_did_is_let_in(serve: Serve, project: Project) -> None:
    project.auth_outage = True
    node: Running = await serve()
    client, other = await node.client(), await node.client()
    with pytest.raises(RefusedError, match="unavailable"):
        await client.enter({"token": project.token(USER)})
    project.auth_outage = False
    await other.enter({"token": project.token(USER)})  # asks once more, however soon this is


async def shortened(client: Client, project: Project) -> float | None:
    """Give a token that soon runs out; answers when, or None if that was before it was read."""
    token = project.token(client.someone.id, seconds=2)
    try:
        await client.call("access_token", {"token": token})
    except RefusedError:
        return None
    return float(jwt.decode(token, options={"verify_signature": False})["exp"])


async def test_a_connection_ends_with_its_token_unless_a_fresh_one_came(node: Running) -> None:
    project = node.project
    first, second = await node.pair()
    renewed = await first.call("access_token", {"token": project.token(first.someone.id)})
    assert renewed["expiresAt"] > time.time() + 3000
    with pytest.raises(RefusedError, match="unauthorized"):
        await first.call("access_token", {"token": project.someone().token})
    # The last token that came counts, and this one runs out once both are inside.
    await eventually(partial(shortened, second, project), within=30)
    assert await second.event("room-closed") == {"reason": "token_expired"}
    assert await second.until_closed() == 1000
    assert second.frames[-1] == "41"
    assert (await first.event("peer-left"))["reason"] == "token_expired"


async def test_a_fresh_token_keeps_the_connection(node: Running) -> None:
    project = node.project
    person = project.someone()
    client: Client = await node.client(person)
    await client.join(project.room(person))
    fresh = {"token": project.token(person.id)}

    async def renewed_twice() -> float | None:
        # One right behind the other, so that the fresh one is there before the short one runs out.
        expires_at, _ = await asyncio.gather(
            shortened(client, project), client.call("access_token", fresh)
        )
        return expires_at

    expires_at = await eventually(renewed_twice, within=30)
    assert expires_at is not None

    async def is_past() -> bool:
        return time.time() > expires_at + 0.6

    await eventually(is_past)
    assert await client.call("ice_servers") == {"iceServers": []}
