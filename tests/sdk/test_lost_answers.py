"""A wire that is cut after the server did what was asked, before the client heard of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mentorkit import LiveOptions, _schema
from mentorkit.errors import Unavailable
from tests.sdk.cutting import Wire
from tests.sdk.faces import Face
from tests.support.stack import REPO


class Through(Face):
    """A face whose clients reach the stack through a wire."""

    def __init__(self, kind: str, stack: Any, wire: Wire) -> None:
        super().__init__(kind, stack)
        self._wire = wire

    def client(self, **options: Any) -> Any:
        return super().client(url=self._wire.url, **options)


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_a_create_whose_answer_was_lost_makes_one_request(kind: str, stack: Any) -> None:
    async with Wire(int(stack.supabase_url.rsplit(":", 1)[1])) as wire:
        face = Through(kind, stack, wire)
        student = await face.person("Sam")
        mentor = await face.person("Maya", mentor=True)
        subject = (await student.client.subjects.list())[0]
        wire.lose_next_answer()
        made = await student.client.requests.create(
            mentor_id=mentor.id,
            subject_id=subject.id,
            title="Once",
            requested_time=face.hour(),
            duration=60,
        )
        assert [row.id for row in await mentor.client.requests.pending()] == [made.id]

        wire.lose_next_answer()
        with pytest.raises(Unavailable) as fault:
            await mentor.client.requests.approve(made.id)
        assert fault.value.maybe_done is True
        assert (await mentor.client.requests.get(made.id)).status == "approved", "and it was done"
        await face.close()


async def test_the_sync_face_watches_through_cuts(stack: Any) -> None:
    async with Wire(int(stack.supabase_url.rsplit(":", 1)[1])) as wire:
        face = Through("sync", stack, wire)
        student = await face.person("Sam")
        mentor = await face.person("Maya", mentor=True, live=LiveOptions(longest_pause=0.2))
        watch = await face.watch(mentor.client.requests)
        made = []
        for number in range(6):
            made.append((await face.request(student, mentor)).id)
            if number % 2:
                wire.sever()
            await asyncio.sleep(0)
        assert [(await watch.next(timeout=15)).id for _ in made] == made
        with pytest.raises(TimeoutError):
            await watch.next(timeout=0.3)
        await watch.close()
        await face.close()


def test_the_schema_that_is_needed_is_one_of_the_migrations() -> None:
    stamps = [path.name.split("_")[0] for path in (REPO / "supabase/migrations").glob("*.sql")]
    assert _schema.NEEDS in stamps
