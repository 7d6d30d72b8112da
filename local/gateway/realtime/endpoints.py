"""The HTTP side: the WebSocket handshake, and broadcasts sent by POST."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from .connection import Connection
from .database import Unavailable
from .frames import Broadcast, Version, dumps
from .handling import MAX_PAYLOAD_BYTES
from .service import Service
from .tokens import Claims, TokenRefused
from .topics import Topic

VERSIONS: dict[str, Version] = {"1.0.0": "1.0.0", "2.0.0": "2.0.0"}


async def websocket_endpoint(websocket: WebSocket) -> None:
    """Open the socket, or refuse it with an HTTP status as hosted does."""
    service: Service = websocket.app.state.service
    key = websocket.headers.get("x-api-key") or websocket.query_params.get("apikey")
    version = VERSIONS.get(websocket.query_params.get("vsn", "1.0.0"))
    if not key:
        await refuse(websocket, 401, "API key is missing")
        return
    if version is None:
        await refuse(websocket, 403, "vsn must be 1.0.0 or 2.0.0")
        return
    try:
        service.tokens.claims_of(key)
    except TokenRefused as exc:
        expired = exc.message.startswith("Token has expired")
        await refuse(websocket, 401, "Token has expired" if expired else exc.message)
        return
    await Connection(service, websocket, version, key).run()


async def refuse(websocket: WebSocket, status: int, message: str) -> None:
    await websocket.send_denial_response(JSONResponse({"error": message}, status))


async def broadcast_many(request: Request) -> Response:
    """POST /api/broadcast: {"messages": [{topic, event, payload, private?}]}. Answers 202."""
    service: Service = request.app.state.service
    claims = caller(service, request.headers)
    if claims is None:
        return JSONResponse({"message": "Unauthorized"}, 401)
    try:
        body = await request.json()
    except ValueError:
        return JSONResponse({"message": "the body must be JSON"}, 400)
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not messages:
        return JSONResponse({"errors": {"messages": ["can't be blank"]}}, 422)
    faults = [problems(message) for message in messages]
    if any(faults):
        return JSONResponse({"errors": {"messages": faults}}, 422)
    allowed: dict[Topic, bool] = {}
    try:
        for message in messages:
            topic = Topic(message["topic"], message.get("private") is True)
            if topic not in allowed:
                allowed[topic] = await may_write(service, topic, claims, request)
            if allowed[topic]:
                body = dumps(message["payload"]).encode()
                service.topics.broadcast(topic, Broadcast(message["event"], body))
    except Unavailable:
        return JSONResponse({"message": "Tenant database unavailable"}, 422)
    return Response(status_code=202)


async def broadcast_one(request: Request) -> Response:
    """POST /api/broadcast/{topic}/events/{event}: the body is the payload, JSON or bytes."""
    service: Service = request.app.state.service
    claims = caller(service, request.headers)
    if claims is None:
        return JSONResponse({"message": "Unauthorized"}, 401)
    if any(name.startswith("persist") for name in request.query_params):
        return JSONResponse({"message": "storing a broadcast (persist) is not supported here"}, 422)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/octet-stream"):
        return JSONResponse({"message": "Unsupported Media Type"}, 415)
    body = await request.body()
    if len(body) > MAX_PAYLOAD_BYTES:
        return JSONResponse({"errors": {"payload": ["Payload size exceeds tenant limit"]}}, 422)
    is_json = kind == "application/json"
    if is_json:
        try:
            json.loads(body)
        except ValueError:
            return JSONResponse({"message": "the body must be JSON"}, 400)
    private = request.query_params.get("private") == "true"
    topic = Topic(request.path_params["topic"], private)
    try:
        if not await may_write(service, topic, claims, request):
            return JSONResponse({"message": "Unauthorized"}, 401)
    except Unavailable:
        return JSONResponse({"message": "Tenant database unavailable"}, 422)
    service.topics.broadcast(topic, Broadcast(request.path_params["event"], body, is_json))
    return Response(status_code=202)


def caller(service: Service, headers: Mapping[str, str]) -> Claims | None:
    """Who sends this: the bearer token, else the key."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        token = headers.get("apikey", "")
    try:
        return service.tokens.claims_of(token)
    except TokenRefused:
        return None


async def may_write(service: Service, topic: Topic, claims: Claims, request: Request) -> bool:
    rights = await service.rights(topic, claims, dict(request.headers))
    return rights.broadcast_write


def problems(message: Any) -> dict[str, list[str]]:
    """What is wrong with one message of a batch, by field."""
    if not isinstance(message, dict):
        return {"message": ["is invalid"]}
    found = {}
    for name in ("topic", "event"):
        if not isinstance(message.get(name), str) or not message[name]:
            found[name] = ["can't be blank"]
    if not isinstance(message.get("payload"), dict):
        found["payload"] = ["can't be blank" if message.get("payload") is None else "is invalid"]
    elif len(dumps(message["payload"]).encode()) > MAX_PAYLOAD_BYTES:
        found["payload"] = ["Payload size exceeds tenant limit"]
    return found
