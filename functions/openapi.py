"""The OpenAPI 3.1 document of the functions, made of their endpoints.

`python -m functions.openapi` prints it; the copy in the repository is compared with it by a test.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from functions.endpoint import Answer, Endpoint
from functions.errors import REFUSALS

DATABASE_STATUSES = {
    "link_unknown": 404,
    "request_not_pending": 409,
    "too_many_endpoints": 429,
    "too_many_subscriptions": 429,
    "bad_subscription": 400,
    "delivery_under_way": 409,
}
"""Statuses of the database's own codes that endpoints name among their refusals."""

ERROR_SCHEMA = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
    "additionalProperties": False,
}


def document(endpoints: Iterable[Endpoint], server: str = "/functions/v1") -> dict[str, Any]:
    """The whole description, ready to be written as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mentorkit functions",
            "version": "1",
            "description": "Mail, calendars, answer links, webhooks, web push and timed work.",
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR_SCHEMA},
            "securitySchemes": {
                "secret": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "MENTORKIT_TIMED_WORK_SECRET",
                },
                "caller": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "the access token of a signed-in person",
                },
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "responses": {
            str(status): _response(answer) for status, answer in sorted(endpoint.answers.items())
        },
    }
    refusals = _refusals(endpoint)
    if "{" in endpoint.path:
        # A value with a slash in it leads to no endpoint at all.
        refusals.setdefault(404, []).append("not_found")
    for status, codes in sorted(refusals.items()):
        operation["responses"][str(status)] = _refusal(status, codes, endpoint.refusal_type)
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": endpoint.parameters.get(name, {"type": "string", "minLength": 1}),
        }
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    for place, given in (("query", endpoint.queries), ("header", endpoint.headers)):
        parameters += [{"name": name, "in": place, "schema": given[name]} for name in given]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": endpoint.body_required,
            "content": {endpoint.body_type: {"schema": endpoint.body}},
        }
    if endpoint.security:
        operation["security"] = [{endpoint.security: []}]
    return operation


def _response(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.media_type:
        described["content"] = {answer.media_type: {"schema": answer.schema or {}}}
    return described


def _refusals(endpoint: Endpoint) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in endpoint.refusals:
        status = REFUSALS[code][0] if code in REFUSALS else DATABASE_STATUSES[code]
        found.setdefault(status, []).append(code)
    return found


def _refusal(status: int, codes: list[str], media_type: str) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    page = {media_type: {"schema": {"type": "string"}}}
    if media_type == "application/json":
        content = error
    else:
        content = {**page, **error} if status == 404 else page
    return {"description": ", ".join(dict.fromkeys(codes)), "content": content}


if __name__ == "__main__":
    from functions.app import described

    print(json.dumps(document(described()), indent=2, ensure_ascii=False))
