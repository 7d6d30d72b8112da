"""The description is true: what it says is answered, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.app import described
from functions.errors import REFUSALS
from functions.openapi import DATABASE_STATUSES, document
from tests.functions.deployment import deployed
from tests.functions.house import SECRET, House
from tests.support.campaign import size
from tests.support.people import sign_up

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "functions" / "openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALLS = [
    pytest.param(endpoint.method, endpoint.path, signed_in, id=f"{endpoint.name}-{signed_in}")
    for endpoint in described()
    for signed_in in ([False, True] if endpoint.security else [False])
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def target(shared_house: House) -> AsyncIterator[tuple[str, str]]:
    """A deployment, and the token of somebody who may call it."""
    person = await sign_up(shared_house.stack, "Ada")
    async with deployed(shared_house.settings(allow_private_targets=False)) as url:
        yield url, person.access_token


def test_the_committed_document_is_the_generated_one() -> None:
    written = json.loads(DOCUMENT.read_text())
    assert written == document(described()), (
        "run: python -m functions.openapi > functions/openapi.json"
    )


def test_every_code_is_described() -> None:
    described_codes = {code for endpoint in described() for code in endpoint.refusals}
    assert described_codes <= REFUSALS.keys() | DATABASE_STATUSES.keys()
    sql = "".join(file.read_text() for file in (ROOT / "supabase" / "migrations").glob("*.sql"))
    raised = {
        code: int(status) for status, code in re.findall(r"private\.fail\((\d+), '(\w+)'", sql)
    }
    for code, status in DATABASE_STATUSES.items():
        assert raised[code] == status, code


@pytest.mark.parametrize(("method", "path", "signed_in"), CALLS)
def test_any_call_gets_an_answer_that_is_described(
    target: tuple[str, str], method: str, path: str, signed_in: bool
) -> None:
    url, token = target
    schema: Any = schemathesis.openapi.from_dict(json.loads(httpx.get(f"{url}/openapi.json").text))
    schema.config.update(base_url=url)
    operation = schema[path][method]
    secured = operation.definition.raw.get("security", [{}])[0]
    bearer = {"secret": SECRET, "caller": token}.get(next(iter(secured), ""), "")
    headers = {"authorization": f"Bearer {bearer}"} if signed_in else {}

    @settings(
        max_examples=size(15, 400),
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attack(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    given(case=operation.as_strategy())(attack)()
    # Every text is a text: only in a body is there something to get wrong.
    if "requestBody" in operation.definition.raw:
        wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
        given(case=wrong)(attack)()
