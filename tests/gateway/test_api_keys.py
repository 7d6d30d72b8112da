"""Which key opens what, as which role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.project import Project
from tests.gateway.serving import Gateway, bearer

NO_KEY = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"


async def request(api: Gateway, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    """What PostgREST saw of a call with exactly these keys."""
    answer = await api.http.get(f"/rest/v1/rpc/request{query}", headers={"apikey": "", **headers})
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("publishable", "anon"),
        ("anon_key", "anon"),
        ("secret", "service_role"),
        ("service_role_key", "service_role"),
    ],
)
async def test_a_key_is_a_role_wherever_it_is_sent(
    api: Gateway, project: Project, kind: str, role: str
) -> None:
    key: str = getattr(project.keys, kind)
    both = {"apikey": key, "Authorization": f"Bearer {key}"}
    assert (await request(api, {"apikey": key}))["role"] == role
    assert (await request(api, both))["role"] == role
    in_query = await api.http.get(
        f"/rest/v1/items?limit=1&apikey={key}&select=id", headers={"apikey": ""}
    )
    assert in_query.status_code == 200, in_query.text


async def test_a_users_token_counts_more_than_the_key(
    api: Gateway, project: Project, email: str
) -> None:
    session = await api.sign_up(email)
    for key in (project.keys.publishable, project.keys.anon_key, project.keys.secret):
        seen = await request(api, {"apikey": key, **bearer(session)})
        assert seen["role"] == "authenticated"
        assert seen["claims"]["sub"] == session["user"]["id"]


async def test_keys_do_not_reach_the_database(api: Gateway, project: Project) -> None:
    headers = {"apikey": project.keys.secret, "X-Client-Info": "test"}
    seen = await request(api, headers)
    assert seen["headers"]["x-client-info"] == "test"
    assert project.keys.secret not in str(seen)
    assert seen["path"] == "/rpc/request"


@pytest.mark.parametrize("path", ["/rest/v1/items", "/rest/v1/", "/auth/v1/user"])
async def test_without_a_key_nothing_is_answered(api: Gateway, path: str) -> None:
    answer = await api.http.get(path, headers={"apikey": ""})
    assert answer.status_code == 401
    assert answer.json() == NO_KEY
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/rest/v1/items", "/auth/v1/settings", "/auth/v1/health"])
async def test_a_wrong_key_is_refused(api: Gateway, project: Project, path: str) -> None:
    for key in ("wrong", project.keys.publishable[:-1], project.keys.jwt_secret, "ü"):
        answer = await api.http.get(path, headers={b"apikey": key.encode()})
        assert answer.status_code == 401
        assert answer.json()["message"] == "Invalid API key"
    answer = await api.http.get(f"{path}?apikey=wrong", headers={"apikey": ""})
    assert answer.status_code == 401


async def test_a_bearer_that_is_another_key_is_no_token(api: Gateway, project: Project) -> None:
    headers = {"Authorization": f"Bearer {project.keys.secret}"}
    answer = await api.http.get("/rest/v1/items", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"].startswith("PGRST30")


async def test_a_secret_key_is_refused_from_a_browser(api: Gateway, project: Project) -> None:
    headers = {"apikey": project.keys.secret, "User-Agent": BROWSER}
    for path in ("/rest/v1/items", "/auth/v1/admin/users"):
        answer = await api.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["message"] == "Forbidden use of secret API key in browser"
    shown = await api.http.get("/rest/v1/items", headers={"User-Agent": BROWSER})
    assert shown.status_code == 200


async def test_parts_that_are_not_there_say_so(api: Gateway) -> None:
    answer = await api.http.post("/functions/v1/hello")
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"
    assert (await api.http.get("/health")).json() == {"status": "ok"}


async def test_a_browser_of_any_origin_may_ask(api: Gateway) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey,authorization,prefer",
        "apikey": "",
    }
    preflight = await api.http.options("/rest/v1/items", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "apikey,authorization,prefer"
    read = await api.http.get("/rest/v1/items", headers={"Origin": "https://app.example"})
    assert read.headers.get_list("access-control-allow-origin") == ["*"]
    exposed = read.headers["access-control-expose-headers"].lower()
    for name in ("content-range", "x-total-count", "x-sb-error-code", "link", "location"):
        assert name in exposed
