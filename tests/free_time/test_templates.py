"""A mentor's session types, requested as they are described."""

from __future__ import annotations

import uuid
from typing import LiteralString

from tests.free_time.scene import Scene, at, scene
from tests.support.database import TestDatabase

ADD: LiteralString = """
    insert into public.session_templates
            (mentor_id, subject_id, title, description, duration,
             buffer_before_minutes, buffer_after_minutes)
        values (%s, %s, 'Code review', 'Bring a diff', 90, 15, 30) returning id
"""
ASK: LiteralString = "select * from public.request_template(%s, %s)"


async def template(stage: Scene) -> uuid.UUID:
    row = await stage.mentor.one(ADD, stage.mentor.id, stage.subject)
    made: uuid.UUID = row["id"]
    return made


async def test_a_request_from_a_template_is_what_the_template_says(database: TestDatabase) -> None:
    async with scene(database) as stage:
        chosen = await template(stage)
        asked = await stage.student.one(ASK, chosen, at(5, 10))
        assert (asked["title"], asked["description"], asked["duration"], asked["subject_id"]) == (
            "Code review",
            "Bring a diff",
            90,
            stage.subject,
        )
        session = await stage.mentor.one("select * from public.approve_request(%s)", asked["id"])
        assert (session["buffer_before"], session["buffer_after"]) == (15, 30)


async def test_its_own_buffers_count_for_it_and_against_others(database: TestDatabase) -> None:
    async with scene(database) as stage:
        await stage.set_terms(buffer_before_minutes=60, buffer_after_minutes=60)
        await stage.book(at(5, 8), minutes=30)  # busy until 8:30, free again at 9:30
        chosen = await template(stage)
        code = await stage.student.refused(ASK, chosen, at(5, 9, 40))
        assert code == "slot_taken"
        asked = await stage.student.one(ASK, chosen, at(5, 9, 45))
        await stage.mentor.rows("select public.approve_request(%s)", asked["id"])


async def test_a_template_withdrawn_or_of_another_mentor_is_refused(database: TestDatabase) -> None:
    async with scene(database) as stage:
        chosen = await template(stage)
        plain: LiteralString = """
            insert into public.session_requests
                    (mentor_id, subject_id, title, requested_time, duration, template_id)
                values (%s, %s, 'Mine', %s, 30, %s)
        """
        args = (stage.stranger.id, stage.subject, at(5, 10), chosen)
        assert await stage.student.refused(plain, *args) == "not_found"
        await stage.mentor.rows("update public.session_templates set is_offered = false")
        assert await stage.student.refused(ASK, chosen, at(5, 10)) == "not_found"
        assert await stage.student.rows("select * from public.session_templates") == []


async def test_only_the_mentor_changes_his_templates(database: TestDatabase) -> None:
    async with scene(database) as stage:
        chosen = await template(stage)
        assert await stage.stranger.refused(ADD, stage.mentor.id, stage.subject) == "42501"
        for statement in (
            "update public.session_templates set title = 'Mine' where id = %s returning id",
            "delete from public.session_templates where id = %s returning id",
        ):
            assert await stage.stranger.rows(statement, chosen) == []
