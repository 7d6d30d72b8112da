"""What must be true of the data at any time: each query finds faults."""

from __future__ import annotations

from typing import LiteralString

from psycopg import AsyncConnection

FAULTS: dict[str, LiteralString] = {
    "somebody is in two places at once": """
        with taken as (
            select id, mentor_id as person, scheduled_time, end_time from public.sessions
                where status in ('scheduled', 'ongoing')
            union all
            select id, student_id, scheduled_time, end_time from public.sessions
                where status in ('scheduled', 'ongoing')
        )
        select one.id, other.id from taken as one
            join taken as other
                on one.person = other.person
                and one.id < other.id
                and one.scheduled_time < other.end_time
                and other.scheduled_time < one.end_time
    """,
    "an approved request has not exactly one session": """
        select r.id, count(s.id) from public.session_requests as r
            left join public.sessions as s on s.request_id = r.id
            group by r.id
            having (count(s.id) = 1) <> (r.status = 'approved') or count(s.id) > 1
    """,
    "a session differs from its request": """
        select s.id from public.sessions as s
            join public.session_requests as r on r.id = s.request_id
            where (s.video_room_id, s.mentor_id, s.student_id, s.subject_id, s.title)
                is distinct from (r.video_room_id, r.mentor_id, r.student_id, r.subject_id, r.title)
    """,
    "a room is used twice": """
        select video_room_id from public.sessions group by 1 having count(*) > 1
    """,
    "a notice is missing, or told to the wrong person": """
        select r.id, wanted.kind from public.session_requests as r
            cross join lateral (
                select 'request_created' as kind, r.mentor_id as person
                union all
                select 'request_'
                            || case r.status when 'cancelled' then 'withdrawn' else r.status end,
                        case r.status when 'cancelled' then r.mentor_id else r.student_id end
                    where r.status <> 'pending'
            ) as wanted
            where (
                select count(*) from public.notifications as n
                    where n.request_id = r.id
                        and n.kind = wanted.kind
                        and n.recipient_id = wanted.person
            ) <> 1
    """,
    "something was told twice": """
        select recipient_id, kind, request_id from public.notifications
            where kind like 'request\\_%'
            group by 1, 2, 3 having count(*) > 1
    """,
    "a request has two endings in its history": """
        select request_id from public.session_events
            where kind in
                ('request_approved', 'request_rejected', 'request_expired', 'request_withdrawn')
            group by 1 having count(*) > 1
    """,
    "busy times differ from the sessions": """
        with taken as (
            select id, unnest(array[mentor_id, student_id]) as person from public.sessions
                where status in ('scheduled', 'ongoing')
        ), blocked as (
            select session_id, person_id from private.busy_times where session_id is not null
        )
        (table taken except table blocked) union all (table blocked except table taken)
    """,
}


async def broken_invariants(conn: AsyncConnection) -> dict[str, list[tuple[object, ...]]]:
    """Every fault there is, with the first rows that show it; empty when all is well."""
    found = {}
    for name, query in FAULTS.items():
        rows = await (await conn.execute(query)).fetchmany(3)
        if rows:
            found[name] = rows
    return found
