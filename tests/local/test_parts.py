"""Small parts of the stack, each by itself."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import asdict
from pathlib import Path

import httpx
import jwt
import pytest

from local.cli import build_parser
from local.control import listen, order
from local.faults import StackError
from local.keys import Keys, make_keys
from local.layout import LONGEST_SOCKET_PATH, Layout
from local.ports import Ports, is_free
from local.state import Busy, hold, is_held
from local.web import create_web
from tests.support.stack import REPO, StackEnv


def test_keys_are_made_once_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made = Keys.load_or_make(file)
    assert Keys.load_or_make(file) == made
    assert make_keys() != made


def test_keys_have_the_shapes_of_hosted_ones() -> None:
    keys = make_keys()
    assert re.fullmatch(r"sb_publishable_[\w-]{22}_[\w-]{8}", keys.publishable)
    assert re.fullmatch(r"sb_secret_[\w-]{22}_[\w-]{8}", keys.secret)
    for token, role in ((keys.anon_key, "anon"), (keys.service_role_key, "service_role")):
        assert jwt.decode(token, keys.jwt_secret, algorithms=["HS256"])["role"] == role


def test_the_public_key_set_holds_no_secret_and_checks_what_the_private_key_signs() -> None:
    keys = make_keys()
    (public,) = keys.jwks_public()["keys"]
    assert "d" not in public
    assert keys.jwt_secret not in json.dumps(keys.jwks_public())
    token = jwt.encode({"sub": "x"}, jwt.PyJWK(keys.es256).key, algorithm="ES256")
    assert jwt.decode(token, jwt.PyJWK(public).key, algorithms=["ES256"]) == {"sub": "x"}
    assert {key["kty"] for key in keys.postgrest_jwks()["keys"]} == {"EC", "oct"}


def test_any_port_means_free_ports_that_differ() -> None:
    settled = Ports(**dict.fromkeys(Ports.FLAGS, 0)).settled()
    chosen = set(asdict(settled).values())
    assert len(chosen) == len(Ports.FLAGS)
    assert all(is_free(port) for port in chosen)


def test_a_port_somebody_listens_on_is_taken_and_one_just_closed_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert is_free(port)


def test_a_deep_data_directory_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = Layout.at(tmp_path / ("x" * 100))
    assert not deep.sockets.is_relative_to(deep.data)
    assert len(str(deep.postgrest_socket)) <= LONGEST_SOCKET_PATH
    assert deep.sockets == Layout.at(deep.data).sockets


def test_a_data_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    with hold(layout):
        assert is_held(layout)
        with pytest.raises(Busy), hold(layout):
            pass
    assert not is_held(layout)
    assert list(tmp_path.iterdir()) == [], "there is no lock file to go stale"


async def test_an_order_is_answered_while_it_is_carried_out(tmp_path: Path) -> None:
    async def greet(say: object) -> None:
        assert callable(say)
        say("hello")

    async def refuse(say: object) -> None:
        raise StackError("not today")

    socket_path = tmp_path / "control"
    heard: list[str] = []
    async with await listen(socket_path, {"greet": greet, "refuse": refuse}):
        await order(socket_path, "greet", heard.append)
        assert heard == ["hello"]
        with pytest.raises(StackError, match="not today"):
            await order(socket_path, "refuse", heard.append)
        with pytest.raises(StackError, match="unknown order"):
            await order(socket_path, "dance", heard.append)
    with pytest.raises(StackError, match="takes no orders"):
        await order(tmp_path / "nobody", "greet", heard.append)


async def test_pages_are_told_where_supabase_is(stack: StackEnv) -> None:
    async with httpx.AsyncClient(base_url=stack.web_url) as http:
        config = (await http.get("/config.json")).json()
    assert config == {
        "supabaseUrl": stack.supabase_url,
        "publishableKey": stack.publishable_key,
        "signalingUrl": stack.signaling_url,
        "functionsUrl": stack.functions_url,
    }
    assert stack.secret_key not in json.dumps(config)


async def test_pages_are_files_below_one_directory(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "index.html").write_text("hello")
    (tmp_path / "secret").write_text("secret")
    transport = httpx.ASGITransport(create_web(tmp_path / "root", {}))
    async with httpx.AsyncClient(transport=transport, base_url="http://pages") as http:
        assert (await http.get("/")).text == "hello"
        for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret"):
            assert (await http.get(path)).status_code == 404


def test_every_command_and_option_is_documented() -> None:
    docs = (REPO / "docs" / "local.md").read_text()
    (subparsers,) = (
        action for action in build_parser()._actions if hasattr(action, "_name_parser_map")
    )
    commands: dict[str, object] = subparsers.choices  # type: ignore[assignment]
    for name, parser in commands.items():
        assert f"`{name}" in docs, name
        for option in parser._option_string_actions:  # type: ignore[attr-defined]
            assert option in docs or option in ("-h", "--help"), f"{name} {option}"
