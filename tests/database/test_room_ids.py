"""Room names: the pattern, no bias, no duplicate, and a collision that is survived."""

from __future__ import annotations

from psycopg import AsyncConnection

from tests.database.invariants import broken_invariants
from tests.database.people import Ask, ask, days_ahead, make_people
from tests.support.campaign import size
from tests.support.database import TestDatabase

# With 35 degrees of freedom all but one in a hundred thousand draws lie below this.
CHI_SQUARE_LIMIT = 82.0


async def test_a_hundred_thousand_room_ids_are_well_made(database: TestDatabase) -> None:
    count = size(20_000, 100_000)
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        await conn.execute("set max_parallel_workers_per_gather = 0")
        await conn.execute(
            "create temporary table made as"
            f" select private.random_room_id() as id from generate_series(1, {count})".encode()
        )
        row = await (
            await conn.execute(
                "select count(*), count(distinct id), bool_and(id ~ '^room-[a-z0-9]{8}$') from made"
            )
        ).fetchone()
        assert row == (count, count, True)
        for place in range(1, 9):
            chi_square = await (
                await conn.execute(
                    "select sum((seen - expected) ^ 2 / expected)::float, count(*) from ("
                    " select count(*)::float as seen, %s::float / 36 as expected from made"
                    " group by substr(id, 5 + %s, 1)) as characters",
                    (count, place),
                )
            ).fetchone()
            assert chi_square is not None
            assert chi_square[1] == 36, "every character comes up in every place"
            assert chi_square[0] < CHI_SQUARE_LIMIT


async def test_the_public_function_gives_free_names(database: TestDatabase) -> None:
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        rows = await (
            await conn.execute(
                "select public.generate_video_room_id() from generate_series(1, 2000)"
            )
        ).fetchall()
    assert len(set(rows)) == 2000


async def test_a_name_that_is_taken_is_drawn_again(database: TestDatabase) -> None:
    """The random source is made to repeat itself: taken names first, a free one at last."""
    async with await AsyncConnection.connect(database.conninfo, autocommit=True) as conn:
        student, mentor = await make_people(conn, 2)
        ids = await ask(conn, [Ask(student, mentor, days_ahead(day)) for day in (1, 2, 3)])
        await conn.execute("create sequence public.draws")
        await conn.execute(
            """
            create or replace function private.random_room_id() returns text language sql volatile
            set search_path = '' as $$
                select (array['room-aaaaaaaa', 'room-aaaaaaaa', 'room-aaaaaaaa', 'room-bbbbbbbb',
                    'room-aaaaaaaa', 'room-bbbbbbbb', 'room-cccccccc'])[nextval('public.draws')]
            $$
            """
        )
        for request_id in ids:
            await conn.execute(
                "update public.session_requests set status = 'approved' where id = %s",
                (request_id,),
            )
        rooms = await (
            await conn.execute("select video_room_id from public.sessions order by scheduled_time")
        ).fetchall()
        assert [room for (room,) in rooms] == ["room-aaaaaaaa", "room-bbbbbbbb", "room-cccccccc"]
        draws = await (await conn.execute("select last_value from public.draws")).fetchone()
        assert draws == (7,)
        assert await broken_invariants(conn) == {}


async def test_a_name_another_transaction_is_taking_is_not_waited_for(
    database: TestDatabase,
) -> None:
    async with (
        await AsyncConnection.connect(database.conninfo) as first,
        await AsyncConnection.connect(database.conninfo) as second,
    ):
        await first.execute("create sequence public.draws")
        await first.execute(
            """
            create or replace function private.random_room_id() returns text language sql volatile
            set search_path = '' as $$
                select case nextval('public.draws')
                    when 3 then 'room-bbbbbbbb' else 'room-aaaaaaaa' end
            $$
            """
        )
        await first.commit()
        one = await (await first.execute("select public.generate_video_room_id()")).fetchone()
        other = await (await second.execute("select public.generate_video_room_id()")).fetchone()
        assert (one, other) == (("room-aaaaaaaa",), ("room-bbbbbbbb",))
