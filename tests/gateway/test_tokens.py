"""What others need to check a user's token, and tokens that are not good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

import jwt
import pytest

from local.gateway.settings import GatewaySettings
from local.gateway.tokens import Tokens
from local.keys import Keys, make_keys
from tests.gateway.serving import Clock, Gateway, Make, bearer, code

JWKS = "/.well-known/jwks.json"


@pytest.fixture(scope="module")
def keys() -> Keys:
    return make_keys()


def tokens(keys: Keys, signing: Literal["ES256", "HS256"] = "ES256") -> tuple[Tokens, Clock]:
    clock = Clock()
    settings = GatewaySettings(
        url="http://gateway",
        keys=keys,
        database_url="",
        postgrest_socket=Path("/nowhere"),
        signing=signing,
    )
    return Tokens(settings, clock), clock


async def test_a_server_checks_tokens_with_the_published_key_alone(
    gateway: Gateway, email: str
) -> None:
    session = await gateway.sign_up(email)
    client = jwt.PyJWKClient(f"{gateway.url}/auth/v1{JWKS}", lifespan=600)
    found = await asyncio.to_thread(client.get_signing_key_from_jwt, session["access_token"])
    claims = jwt.decode(
        session["access_token"],
        found.key,
        algorithms=["ES256", "RS256"],
        audience="authenticated",
        issuer=f"{gateway.url}/auth/v1",
        options={"require": ["exp", "sub", "aud", "iss"]},
    )
    assert claims["sub"] == session["user"]["id"]


async def test_the_key_set_is_public_cacheable_and_holds_no_secret(gateway: Gateway) -> None:
    answer = await gateway.http.get(f"/auth/v1{JWKS}", headers={"apikey": ""})
    assert answer.status_code == 200
    assert "max-age=600" in answer.headers["cache-control"]
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    assert "d" not in key
    assert key["kid"]


async def test_a_project_on_a_shared_secret_publishes_no_key(
    make_gateway: Make, email: str
) -> None:
    async with make_gateway(signing="HS256") as shared:
        assert (await shared.auth("GET", JWKS)).json() == {"keys": []}
        session = await shared.sign_up(email)
        assert jwt.get_unverified_header(session["access_token"])["alg"] == "HS256"
        assert (await shared.user(session)).json()["id"] == session["user"]["id"]
        own = f"/rest/v1/profiles?id=eq.{session['user']['id']}&select=id"
        rows = await shared.http.get(own, headers=bearer(session))
        assert rows.json() == [{"id": session["user"]["id"]}]


async def test_both_kinds_of_tokens_are_accepted_after_a_change_of_signing(
    gateway: Gateway, make_gateway: Make, email: str
) -> None:
    before = await gateway.sign_up(email)
    async with make_gateway(signing="HS256") as after:
        assert (await after.user(before)).status_code == 200
        session = (await after.sign_in(email)).json()
    assert (await gateway.user(session)).status_code == 200


@pytest.mark.parametrize("signing", ["ES256", "HS256"])
def test_a_signed_token_is_read_back(keys: Keys, signing: Literal["ES256", "HS256"]) -> None:
    signer, clock = tokens(keys, signing)
    claims = {"sub": "somebody", "exp": int(clock()) + 60}
    assert signer.verify(signer.sign(claims)) == claims


def forged(keys: Keys, exp: int) -> dict[str, str]:
    """Tokens that look right and are not."""
    claims: dict[str, Any] = {"sub": "somebody", "role": "service_role", "exp": exp}
    other = make_keys()
    good = tokens(keys)[0].sign(claims)
    head, body, signature = good.split(".")
    public = keys.jwks_public()["keys"][0]["x"]
    none = jwt.encode(claims, "", algorithm="none")
    return {
        "another project's key": tokens(other)[0].sign(claims),
        "another project's secret": tokens(other, "HS256")[0].sign(claims),
        "the public key as a secret": jwt.encode(claims, public, algorithm="HS256"),
        "no signature": f"{head}.{body}.",
        "algorithm none": none,
        "another algorithm": jwt.encode(claims, keys.jwt_secret * 2, algorithm="HS512"),
        "a changed body": f"{head}.{body[:-2]}xx.{signature}",
        "no expiry": tokens(keys)[0].sign({"sub": "somebody"}),
        "no parts": "sb_publishable_x",
    }


async def test_forged_tokens_are_refused_everywhere(gateway: Gateway, stack_keys: Keys) -> None:
    for name, token in forged(stack_keys, int(gateway.clock()) + 60).items():
        headers = {"Authorization": f"Bearer {token}"}
        assert code(await gateway.auth("GET", "/user", headers=headers)) == (403, "bad_jwt"), name
        listed = await gateway.auth("GET", "/admin/users", headers=headers)
        assert code(listed) == (403, "bad_jwt"), name
        if "expiry" in name:
            continue  # PostgREST accepts tokens that never end; the gateway signs none
        read = await gateway.http.get("/rest/v1/subjects", headers=headers)
        assert read.status_code == 401, name


async def test_an_expired_token_reads_nothing(clocked: Gateway, email: str) -> None:
    clocked.clock.forward(-7200)
    session = await clocked.sign_up(email)
    read = await clocked.http.get("/rest/v1/subjects", headers=bearer(session))
    assert read.status_code == 401
    assert read.json()["code"] in ("PGRST301", "PGRST303")


def test_a_minted_token_is_used_again_and_renewed_before_it_ends(keys: Keys) -> None:
    minting, clock = tokens(keys)
    first = minting.minted("anon")
    assert minting.minted("anon") == first
    assert minting.minted("service_role") != first
    clock.forward(200)
    second = minting.minted("anon")
    assert second != first
    assert minting.verify(second.decode())["role"] == "anon"
    assert minting.verify(first.decode())["exp"] > clock(), "still good for requests under way"
