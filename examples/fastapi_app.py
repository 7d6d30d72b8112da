"""A web server that acts for its users: `uvicorn examples.fastapi_app:app`.

One client for the process, one light client for each request: `as_user` shares the connections
and nothing else, so no request can see another one's user. The browser sends the access token
that supabase-js gave it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from mentorkit import AsyncMentorkit, MentorkitError
from mentorkit.errors import NotAllowed, NotFound, NotSignedIn, Refused, Unavailable


class Wish(BaseModel):
    """What a student asks for."""

    mentor_id: UUID
    subject_id: UUID
    title: str
    requested_time: datetime
    duration: int = 60


async def caller(
    request: Request, authorization: Annotated[str, Header()] = ""
) -> AsyncIterator[AsyncMentorkit]:
    """A client for the user who sends the request."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    async with request.app.state.kit.as_user(token) as kit:
        yield kit


Caller = Annotated[AsyncMentorkit, Depends(caller)]


def create_app(url: str, key: str) -> FastAPI:
    """The application, for a project."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncMentorkit(url, key) as kit:
            app.state.kit = kit
            yield

    app = FastAPI(title="mentoring", lifespan=lifespan)

    @app.exception_handler(MentorkitError)
    async def refused(request: Request, fault: MentorkitError) -> JSONResponse:
        return JSONResponse({"code": fault.code, "message": str(fault)}, status_of(fault))

    @app.get("/pending")
    async def pending(kit: Caller) -> list[dict[str, str]]:
        return [{"id": str(row.id), "title": row.title} for row in await kit.requests.pending()]

    @app.post("/requests", status_code=201)
    async def ask(wish: Wish, kit: Caller) -> dict[str, str]:
        made = await kit.requests.create(**wish.model_dump())
        return {"id": str(made.id), "status": made.status}

    @app.post("/requests/{request_id}/approve")
    async def approve(request_id: UUID, kit: Caller) -> dict[str, str | None]:
        session = await kit.requests.approve(request_id)
        return {"session": str(session.id), "room": session.video_room_id}

    return app


def status_of(fault: MentorkitError) -> int:
    """The HTTP status that says the same."""
    for kind, status in (
        (NotSignedIn, 401),
        (NotAllowed, 403),
        (NotFound, 404),
        (Refused, 409),
        (Unavailable, 503),
    ):
        if isinstance(fault, kind):
            return status
    return 500


def __getattr__(name: str) -> FastAPI:
    if name == "app":  # only when a server asks for it, because it needs the environment
        return create_app(os.environ["SUPABASE_URL"], os.environ["SUPABASE_PUBLISHABLE_KEY"])
    raise AttributeError(name)
