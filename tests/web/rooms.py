"""Two people with an agreed session, and what tests look at in their call."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.support.people import Person, sign_up, subject_id
from tests.support.stack import StackEnv
from tests.support.wait import eventually
from tests.web.visitor import Visitor, frames_decoded, pixel, soon, unlike_others


async def ask(stack: StackEnv, student: Person, mentor: Person, title: str, minutes: int) -> str:
    """A request for a session so many minutes from now, made past the pages; answers its id."""
    made = await call(
        stack, student, "request_session",
        mentor_id=mentor.id, subject_id=await subject_id(stack), title=title,
        requested_time=soon(minutes, "UTC").isoformat(), duration=30,
    )  # fmt: skip
    request: str = made["id"]
    return request


async def agree(
    stack: StackEnv, student: Person, mentor: Person, title: str = "In the room", minutes: int = 5
) -> str:
    """A session of the two so many minutes from now; answers its room id."""
    request = await ask(stack, student, mentor, title, minutes)
    agreed = await call(stack, mentor, "approve_request", request_id=request)
    room: str = agreed["video_room_id"]
    return room


async def call(stack: StackEnv, person: Person, name: str, **arguments: object) -> Any:
    """What a function of the database answers this person."""
    async with httpx.AsyncClient(base_url=stack.supabase_url, timeout=15) as http:
        answer = await http.post(
            f"/rest/v1/rpc/{name}", headers=person.headers(stack), json=arguments
        )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pair(stack: StackEnv) -> tuple[Person, Person]:
    """A student and a mentor."""
    both = sign_up(stack, unlike_others("Ada")), mentor_of(stack)
    student, mentor = await asyncio.gather(*both)
    return student, mentor


async def mentor_of(stack: StackEnv) -> Person:
    """A mentor whose pages nobody looks at."""
    return await sign_up(stack, unlike_others("Grace"), mentor=True)


async def enter_room(visitor: Visitor, person: Person, room: str, query: str = "") -> None:
    """Stand in the lobby of a room."""
    await visitor.sign_in(person, f"/room.html?room={room}{query}")


async def join(visitor: Visitor) -> None:
    # A page behind another need not draw, and a button that is not drawn counts as moving.
    await visitor.page.bring_to_front()
    await visitor.page.get_by_role("button", name="Join").click()


async def in_state(page: Page, state: str, within: float = 20) -> None:
    await expect(page.get_by_test_id("call-state")).to_have_attribute(
        "data-state", state, timeout=within * 1000
    )


def like(seen: tuple[int, int, int], colour: tuple[int, int, int]) -> bool:
    """The same colour, as far as a video codec keeps it."""
    return all(abs(one - other) < 60 for one, other in zip(seen, colour, strict=True))


async def sees(page: Page, colour: tuple[int, int, int]) -> None:
    """The other side's camera is decoded here, and it is that very camera."""
    before = await frames_decoded(page)

    async def growing() -> bool:
        return await frames_decoded(page) > before + 3

    async def coloured() -> bool:
        return like(await pixel(page, "remote"), colour)

    await eventually(growing, within=15)
    await eventually(coloured, within=15)
