"""Projects that had such tables before: upgraded with every row intact, or refused whole."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import AsyncConnection

from local.faults import StackError
from local.migrate import MIGRATIONS, migrate, migrations_in
from tests.database.catalogue import catalogue
from tests.database.crowd import APPROVE, attempt
from tests.database.invariants import broken_invariants
from tests.database.people import Ask, ask, days_ahead, make_people
from tests.support.database import TestDatabase, as_anon, as_user, empty_database
from tests.support.stack import StackEnv

SHAPES = Path(__file__).parent / "brownfield"
TABLES: dict[str, LiteralString] = {
    "subjects": "select to_jsonb(t) from public.subjects as t order by id",
    "profiles": "select to_jsonb(t) from public.profiles as t order by id",
    "sessions": "select to_jsonb(t) from public.sessions as t order by id",
}
ONE = uuid.UUID("00000000-0000-4000-8000-000000000001")
TWO = uuid.UUID("00000000-0000-4000-8000-000000000002")
Rows = dict[str, list[dict[str, object]]]


@pytest.fixture
async def empty(stack: StackEnv) -> AsyncIterator[TestDatabase]:
    async with empty_database(stack.database_url) as database:
        yield database


async def lay(database: TestDatabase, shape: str) -> None:
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        await conn.execute((SHAPES / f"{shape}.sql").read_bytes())


async def rows_of(conn: AsyncConnection) -> Rows:
    found: Rows = {}
    for name, query in TABLES.items():
        there = await (await conn.execute("select to_regclass(%s)", (f"public.{name}",))).fetchone()
        if there and there[0]:
            found[name] = [row[0] for row in await (await conn.execute(query)).fetchall()]
    return found


def same(before: object, after: object) -> bool:
    """Equal, or the same moment said with its zone."""
    if before == after:
        return True
    if isinstance(before, str) and isinstance(after, str) and len(before) >= 19:
        return datetime.fromisoformat(before).replace(tzinfo=UTC) == datetime.fromisoformat(after)
    return False


def assert_rows_intact(before: Rows, after: Rows, filled: set[tuple[str, str]]) -> None:
    """Every row is there with every value; only what was empty in `filled` columns may differ."""
    for table, rows in before.items():
        kept = {row["id"]: row for row in after[table]}
        for row in rows:
            for column, value in row.items():
                if (table, column) in filled and not value:
                    continue
                found = kept[row["id"]][column]
                assert same(value, found), (table, row["id"], column, value, found)


async def upgrade(database: TestDatabase) -> list[str]:
    """Every migration, twice; the warnings of the first run."""
    warnings: list[str] = []
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        conn.add_notice_handler(lambda notice: warnings.append(notice.message_primary or ""))
        await conn.execute("set client_min_messages = warning")
        for migration in migrations_in(MIGRATIONS):
            async with conn.transaction():
                await conn.execute(migration.file.read_bytes())
        first = list(warnings)
        before = await catalogue(conn)
        for migration in migrations_in(MIGRATIONS):
            async with conn.transaction():
                await conn.execute(migration.file.read_bytes())
        assert await catalogue(conn) == before
    return first


async def walk_the_main_story(database: TestDatabase) -> None:
    """New people on the old tables: sign up, request, approve, decline, finish."""
    async with await AsyncConnection.connect(database.admin_conninfo, autocommit=True) as conn:
        student, mentor = await make_people(conn, 2)
        one, other = await ask(
            conn, [Ask(student, mentor, days_ahead(5)), Ask(student, mentor, days_ahead(5), 30)]
        )
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        assert await attempt(conn, mentor, APPROVE, (one,)) == "ok"
        assert await attempt(conn, mentor, APPROVE, (other,)) == "request_not_pending"
        rows = await conn.execute(
            "select r.status, r.rejection_code from public.session_requests as r where id = %s",
            (other,),
        )
        assert await rows.fetchone() == ("rejected", "slot_taken")
        work = await conn.execute(
            "select public.timed_work(%s)", (days_ahead(5) + timedelta(hours=3),)
        )
        assert await work.fetchone()
        rows = await conn.execute(
            "select status from public.sessions where request_id = %s", (one,)
        )
        assert await rows.fetchone() == ("completed",)
        broken = await broken_invariants(conn)
        broken.pop("a room is used twice", None)  # old sessions have none
        broken.pop("somebody is in two places at once", None)  # they may have been before
        broken.pop("busy times differ from the sessions", None)
        assert broken == {}


async def test_the_starter_project_keeps_its_profiles_and_its_sign_up(empty: TestDatabase) -> None:
    await lay(empty, "starter")
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        before = await rows_of(conn)
        warnings = await upgrade(empty)
        after = await rows_of(conn)
    assert_rows_intact(before, after, {("profiles", "updated_at")})
    assert [row["name"] for row in after["profiles"]] == ["One Old", "New member"]
    assert any('policy "Public profiles are viewable by everyone."' in line for line in warnings)
    assert any("profiles.phone looks private" in line for line in warnings)

    # its own trigger makes the row, ours gives it the name
    async with await AsyncConnection.connect(empty.admin_conninfo, autocommit=True) as conn:
        await conn.execute(
            "insert into auth.users (id, email, raw_user_meta_data)"
            " values (%s, 'new@example.test', %s)",
            (uuid.uuid4(), json.dumps({"full_name": "Nia New", "avatar_url": "nia.png"})),
        )
        row = await (
            await conn.execute(
                "select name, full_name, avatar_url from public.profiles where name = 'Nia New'"
            )
        ).fetchone()
        assert row == ("Nia New", "Nia New", "nia.png")
    # what people could change of their own they still can, and nothing of ours
    async with as_user(empty.conninfo, ONE) as conn:
        changed = await conn.execute("update public.profiles set website = 'https://new.example'")
        assert changed.rowcount == 1
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        refused = await attempt(
            conn, ONE, "update public.profiles set total_sessions_taught = 9", ()
        )
        assert refused == "42501"
    async with as_anon(empty.conninfo) as conn:
        rights = await conn.execute(
            "select has_column_privilege('public.profiles', 'phone', 'select'),"
            " has_column_privilege('public.profiles', 'name', 'select')"
        )
        assert await rights.fetchone() == (False, True)
    await walk_the_main_story(empty)


async def test_an_earlier_mentoring_app_keeps_rows_that_break_our_rules(
    empty: TestDatabase,
) -> None:
    await lay(empty, "mentoring")
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        before = await rows_of(conn)
        warnings = await upgrade(empty)
        after = await rows_of(conn)
        assert_rows_intact(before, after, {("profiles", "name")})
        for said in (
            "subjects has names that occur twice",
            "sessions.scheduled_time was timestamp without time zone",
            "sessions.status was public.session_status",
            "do not obey sessions_known_status",
            "student_id of old rows points at nothing in auth.users",
            "sessions.meeting_url is optional now",
            "profiles.email looks private",
            "overlap others of the same person",
        ):
            assert any(said in line for line in warnings), (said, warnings)
        # closed now, to whom it was open before
        open_tables = await conn.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and not relrowsecurity"
        )
        assert await open_tables.fetchall() == []
        # an upcoming session of before blocks its time: Ahead is on day three at midnight
        taken = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        taken += timedelta(days=3)
        refused = await attempt(
            conn,
            TWO,
            "insert into public.session_requests"
            " (mentor_id, subject_id, title, requested_time, duration)"
            " values (%s, '00000000-0000-4000-8000-0000000000a3', 'Clash', %s, 60)",
            (ONE, taken),
        )
        assert refused == "slot_taken"
        # timed work moves the old sessions on, and trips over none of them
        await conn.execute("select public.timed_work(now() + interval '10 days')")
        statuses = await conn.execute("select title, status from public.sessions order by title")
        assert await statuses.fetchall() == [
            ("Ahead", "completed"),
            ("Odd", "postponed"),
            ("Overlaps", "completed"),
            ("Past", "completed"),
            ("Whoever", "completed"),
            (None, "cancelled"),
        ]
        await conn.execute(
            "update public.sessions set description = 'kept' where status = 'postponed'"
        )
    async with as_user(empty.conninfo, TWO) as conn:
        mine = await conn.execute("select count(*) from public.sessions")
        assert await mine.fetchone() == (4,), "people see their own old sessions only"
        written = await conn.execute("update public.sessions set meeting_url = 'mine'")
        assert written.rowcount == 0, "and change them only as their creator"
    await walk_the_main_story(empty)


async def test_tables_with_other_names_inside_are_added_to(empty: TestDatabase) -> None:
    await lay(empty, "other_names")
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        before = await rows_of(conn)
        warnings = await upgrade(empty)
        after = await rows_of(conn)
        assert_rows_intact(before, after, set())
        names = await conn.execute("select name from public.subjects order by name")
        assert await names.fetchall() == [("Chemistry",), ("Physics",)]
        people = await conn.execute("select name from public.profiles order by name")
        assert await people.fetchall() == [("Lee Learner",), ("Terry Teacher",)]
        assert any("sessions.teacher_id is optional now" in line for line in warnings)
        assert any('policy "teachers all" on public.sessions' in line for line in warnings)
        timetable = await conn.execute("select status from public.timetable order by starts_at")
        assert await timetable.fetchall() == [("done",), ("booked",)]
        # its own app goes on with its own words
        await conn.execute("update public.sessions set status = 'held' where status = 'booked'")
    async with as_user(empty.conninfo, TWO) as conn:
        mine = await conn.execute("select count(*) from public.sessions")
        assert await mine.fetchone() == (2,), "its own policies still count"
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        # the test's own subject knows nothing of their columns
        await conn.execute("alter table public.subjects alter column slug drop not null")
        await conn.execute("alter table public.subjects alter column title drop not null")
    await walk_the_main_story(empty)


async def test_what_can_not_be_upgraded_is_refused_before_anything_changes(
    empty: TestDatabase,
) -> None:
    await lay(empty, "impossible")
    async with await AsyncConnection.connect(empty.conninfo, autocommit=True) as conn:
        before = await catalogue(conn)
        with pytest.raises(StackError) as refusal:
            await migrate(empty.conninfo)
        said = str(refusal.value)
        assert "mentorkit can not be added to this project" in said
        for problem in (
            "public.sessions.id is bigint, and must be uuid",
            "public.sessions.mentor_id is bigint, and must be uuid",
            "public.subjects.id is bigint, and must be uuid",
            "public.sessions.scheduled_time is text, and must be a date and time",
            "public.sessions.duration is interval, and must be a number of minutes",
            "public.notifications is another table than the one mentorkit makes",
        ):
            assert problem in said
        assert await catalogue(conn) == before
