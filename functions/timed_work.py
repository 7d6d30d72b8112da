"""`timed-work`, `deliver` and the dead letters: what a scheduler and an operator call.

Safe to call every minute by many: rows are claimed, so each is done once.
"""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.context import Context
from functions.deliver import Report
from functions.endpoint import OBJECT, UUID_TEXT, Answer, Endpoint, Schema, counts
from functions.web import fields, path_id, read_json, require_secret, whole_number

log = logging.getLogger("mentorkit.functions")

BATCH = 500
MOST_ROUNDS = 20

_REPORT: Schema = counts(*vars(Report()))
_BODY: Schema = {
    "type": "object",
    "properties": {"max_items": {"type": "integer", "minimum": 1, "maximum": 100000}},
    "additionalProperties": False,
}


async def do_timed_work(context: Context) -> dict[str, object]:
    """Everything that is due: in the database first, then what is to be sent for it.

    A kind of work that fails in the database keeps nothing else from being done; `failed` names it.
    """
    totals: dict[str, int] = {}
    failed: dict[str, str] = {}
    for _ in range(MOST_ROUNDS):
        done: dict[str, Any] = await context.supabase.as_service(
            "timed_work", now=context.clock().isoformat(), max_items=BATCH
        )
        failed |= done.pop("failed", {})
        for name, count in done.items():
            totals[name] = totals.get(name, 0) + count
        if max(done.values(), default=0) < BATCH:
            break
    for name, reason in failed.items():
        log.error("timed work failed in the database: %s: %s", name, reason)
    report = await context.deliverer.run()
    return {"database": totals, "failed": failed, "deliveries": report.as_json()}


def endpoints(context: Context) -> list[Endpoint]:
    secret = context.settings.timed_work_secret
    limit = context.settings.body_limit

    async def timed_work(request: Request) -> Response:
        require_secret(request, secret)
        fields(await read_json(request, limit))
        return JSONResponse(await do_timed_work(context))

    async def deliver(request: Request) -> Response:
        require_secret(request, secret)
        given = fields(await read_json(request, limit), max_items=whole_number(1, 100_000))
        report = await context.deliverer.run(given["max_items"])
        return JSONResponse(report.as_json())

    async def dead(request: Request) -> Response:
        require_secret(request, secret)
        letters = await context.supabase.as_service("dead_deliveries", max_items=1000)
        return JSONResponse({"deliveries": letters})

    async def revive(request: Request) -> Response:
        require_secret(request, secret)
        delivery = path_id(request, "delivery_id")
        return JSONResponse(
            await context.supabase.as_service("revive_delivery", delivery_id=delivery)
        )

    done = {
        "type": "object",
        "properties": {
            "database": {"type": "object", "additionalProperties": {"type": "integer"}},
            "failed": {"type": "object", "additionalProperties": {"type": "string"}},
            "deliveries": _REPORT,
        },
        "required": ["database", "failed", "deliveries"],
    }
    return [
        Endpoint(
            "POST", "/timed-work", "timed_work",
            "Expire, remind, start and complete what is due, then deliver",
            timed_work, {200: Answer("What was done", schema=done)},
            ("wrong_secret", "bad_body", "body_too_large"), "secret",
            body={"type": "object", "additionalProperties": False},
        ),
        Endpoint(
            "POST", "/deliver", "deliver", "Send what is due",
            deliver, {200: Answer("What was sent", schema=_REPORT)},
            ("wrong_secret", "bad_body", "body_too_large"), "secret", body=_BODY,
        ),
        Endpoint(
            "GET", "/deliver/dead", "dead_letters", "Deliveries that were given up, newest first",
            dead,
            {200: Answer("The newest thousand", schema={
                "type": "object",
                "properties": {"deliveries": {"type": "array", "items": OBJECT}},
                "required": ["deliveries"],
            })},
            ("wrong_secret",), "secret",
        ),
        Endpoint(
            "POST", "/deliver/dead/{delivery_id}", "revive", "Send a closed delivery again",
            revive, {200: Answer("It waits again", schema=OBJECT)},
            ("wrong_secret", "bad_path", "not_found", "delivery_under_way"), "secret",
            parameters={"delivery_id": UUID_TEXT},
        ),
    ]  # fmt: skip
