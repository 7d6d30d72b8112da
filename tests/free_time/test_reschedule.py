"""Moving a session takes both people; until both agree it stands where it was."""

from __future__ import annotations

from functools import partial
from typing import LiteralString

import pytest

from tests.database.crowd import all_at_once, attempt, crowd
from tests.free_time.scene import Actor, Row, Scene, at, scene
from tests.support.database import TestDatabase

PROPOSE: LiteralString = "select * from public.propose_reschedule(%s, %s)"
ACCEPT: LiteralString = "select * from public.accept_reschedule(%s)"
DECLINE: LiteralString = "select * from public.decline_reschedule(%s, 'I can not')"
WITHDRAW: LiteralString = "select * from public.withdraw_reschedule(%s)"


async def the_session(stage: Scene) -> Row:
    return await stage.student.one("select * from public.sessions")


async def kinds(actor: Actor) -> list[str]:
    rows = await actor.rows("select kind from public.notifications order by created_at")
    return [row["kind"] for row in rows]


async def test_accepted_the_session_moves_and_keeps_its_room_and_history(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage:
        before = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, before["id"], at(6, 15))
        assert (await the_session(stage))["scheduled_time"] == at(5, 10)
        after = await stage.mentor.one(ACCEPT, proposal["id"])
        assert after["scheduled_time"] == at(6, 15)
        assert after["video_room_id"] == before["video_room_id"]
        assert after["request_id"] == before["request_id"]
        events = await stage.student.rows(
            """
            select kind, detail from public.session_events
                where kind like '%%reschedul%%' order by id
            """
        )
        assert [event["kind"] for event in events] == ["reschedule_proposed", "session_rescheduled"]
        assert "reschedule_proposed" in await kinds(stage.mentor)
        assert "session_rescheduled" in await kinds(stage.student)


@pytest.mark.parametrize("side", ["student", "mentor"])
async def test_declined_or_withdrawn_leaves_the_session_as_it_was(
    database: TestDatabase, side: str
) -> None:
    async with scene(database) as stage:
        before = await stage.book(at(5, 10))
        proposer = stage.student if side == "student" else stage.mentor
        other = stage.mentor if side == "student" else stage.student
        proposal = await proposer.one(PROPOSE, before["id"], at(6, 15))
        declined = await other.one(DECLINE, proposal["id"])
        assert (declined["status"], declined["reason"]) == ("declined", "I can not")
        again = await proposer.one(PROPOSE, before["id"], at(7, 15))
        withdrawn = await proposer.one(WITHDRAW, again["id"])
        assert withdrawn["status"] == "withdrawn"
        assert await the_session(stage) == before


async def test_a_proposal_is_used_once(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        await stage.mentor.one(ACCEPT, proposal["id"])
        for statement in (ACCEPT, DECLINE):
            assert await stage.mentor.refused(statement, proposal["id"]) == "proposal_not_pending"


async def test_a_counter_offer_answers_the_first_one(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        first = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        counter = await stage.mentor.one(PROPOSE, session["id"], at(7, 15))
        assert await stage.mentor.refused(ACCEPT, first["id"]) == "proposal_not_pending"
        assert await stage.mentor.refused(ACCEPT, counter["id"]) == "not_allowed"
        moved = await stage.student.one(ACCEPT, counter["id"])
        assert moved["scheduled_time"] == at(7, 15)


async def test_a_lapsed_proposal_moves_nothing(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        before = await the_session(stage)
        await stage.admin.rows("update public.reschedule_proposals set expires_at = now()")
        assert await stage.mentor.refused(ACCEPT, proposal["id"]) == "proposal_lapsed"
        done = await stage.admin.one("select private.timed_work(now(), 10) as done")
        assert done["done"]["proposals_lapsed"] == 1
        assert await the_session(stage) == before


async def test_a_time_lost_meanwhile_is_not_taken_and_nothing_moves(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        await stage.book(at(6, 15, 30), by=stage.stranger)
        before = await the_session(stage)
        assert await stage.mentor.refused(ACCEPT, proposal["id"]) == "slot_taken"
        assert await the_session(stage) == before
        code = await stage.student.refused(PROPOSE, session["id"], at(6, 14, 45))
        assert code == "slot_taken"


async def test_accepting_races_with_an_approval_for_the_same_hour_and_one_wins(
    database: TestDatabase,
) -> None:
    async with scene(database) as stage, crowd(database.conninfo, 2) as clients:
        for day in range(5, 13):
            session = await stage.book(at(day, 10))
            proposal = await stage.student.one(PROPOSE, session["id"], at(day, 15))
            rival = await stage.request(at(day, 15, 30), by=stage.stranger)
            answers = await all_at_once(
                [
                    partial(attempt, clients[0], stage.mentor.id, ACCEPT, (proposal["id"],)),
                    partial(
                        attempt, clients[1], stage.mentor.id,
                        "select * from public.approve_request(%s)", (rival["id"],),
                    ),
                ]
            )  # fmt: skip
            assert sorted(answers) in (["ok", "slot_taken"], ["ok", "request_not_pending"])
            stands = await stage.student.one(
                "select scheduled_time from public.sessions where id = %s", session["id"]
            )
            assert stands["scheduled_time"] == at(day, 15 if answers[0] == "ok" else 10)


async def test_a_stranger_sees_and_answers_no_proposal(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        assert await stage.stranger.rows("select * from public.reschedule_proposals") == []
        for statement in (ACCEPT, DECLINE, WITHDRAW):
            assert await stage.stranger.refused(statement, proposal["id"]) == "not_found"
        assert await stage.stranger.refused(PROPOSE, session["id"], at(6, 16)) == "not_found"


async def test_a_cancelled_session_leaves_no_proposal_open(database: TestDatabase) -> None:
    async with scene(database) as stage:
        session = await stage.book(at(5, 10))
        proposal = await stage.student.one(PROPOSE, session["id"], at(6, 15))
        await stage.mentor.rows("select public.cancel_session(%s, 'Ill')", session["id"])
        assert await stage.mentor.refused(ACCEPT, proposal["id"]) == "proposal_not_pending"
        assert await stage.student.refused(PROPOSE, session["id"], at(6, 15)) == "bad_transition"


async def test_cancelling_needs_the_notice_that_is_set(database: TestDatabase) -> None:
    async with scene(database) as stage:
        soon, late = await stage.book(at(1, 10)), await stage.book(at(9, 10))
        await stage.admin.rows("update private.settings set cancel_notice = interval '3 days'")
        cancel = "select * from public.cancel_session(%s, 'Ill')"
        for actor in (stage.student, stage.mentor):
            assert await actor.refused(cancel, soon["id"]) == "too_late_to_cancel"
        assert (await stage.student.one(cancel, late["id"]))["status"] == "cancelled"
