-- What clients ask about free time: one mentor's slots, the best slots of all mentors of a subject, and why a day is not free.
-- Each public function is a thin one; the body reads hours and sessions of others and gives away free starts only.

create or replace function private.check_slot_search(duration integer, from_time timestamptz, to_time timestamptz) returns void
language plpgsql
stable
set search_path = ''
as $$
begin
    perform private.require_caller();
    if duration is null or duration not in (30, 60, 90, 120) then
        perform private.fail(400, 'bad_duration', 'A session takes 30, 60, 90 or 120 minutes.');
    end if;
    if from_time is null or to_time is null or not from_time < to_time then
        perform private.fail(400, 'bad_window', 'The search must end after it begins.');
    end if;
    if to_time - from_time > interval '62 days' then
        perform private.fail(400, 'bad_window', 'A search covers at most 62 days.');
    end if;
end
$$;
revoke execute on function private.check_slot_search(integer, timestamptz, timestamptz) from public;

create or replace function private.available_slots(mentor_id uuid, from_time timestamptz, to_time timestamptz, duration integer)
returns table (starts_at timestamptz, ends_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    perform private.check_slot_search(duration, from_time, to_time);
    if not exists (select from public.profiles as p where p.id = available_slots.mentor_id and p.is_mentor) then
        perform private.fail(404, 'not_found', 'There is no such mentor.');
    end if;
    return query
        select s.starts_at, s.starts_at + make_interval(mins => available_slots.duration)
            from private.slots(
                array[available_slots.mentor_id], duration, from_time, to_time, clock_timestamp(), auth.uid()
            ) as s
            order by s.starts_at;
end
$$;
revoke execute on function private.available_slots(uuid, timestamptz, timestamptz, integer) from public;
grant execute on function private.available_slots(uuid, timestamptz, timestamptz, integer) to authenticated, service_role;

-- The starts at which the caller can have a session of `duration` minutes with this mentor, from `from_time` until before
-- `to_time` (62 days at most), in order. What is offered is bookable until somebody else books it.
create or replace function public.available_slots(mentor_id uuid, from_time timestamptz, to_time timestamptz, duration integer)
returns table (starts_at timestamptz, ends_at timestamptz)
language sql
stable
set search_path = ''
as $$
    select * from private.available_slots(mentor_id, from_time, to_time, duration)
$$;

-- Looks as far ahead as it must: day by day in growing strides, until what follows could only be worse than what is found.
create or replace function private.suggest_slots(
    subject_id uuid,
    duration integer,
    from_time timestamptz,
    to_time timestamptz,
    preferred_from time,
    preferred_to time,
    time_zone text,
    max_slots integer,
    best text
)
returns table (mentor_id uuid, mentor_name text, rating numeric, starts_at timestamptz, ends_at timestamptz, preferred boolean)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller constant uuid := auth.uid();
    clock constant timestamptz := clock_timestamp();
    zone constant text := coalesce(
        suggest_slots.time_zone, (select p.time_zone from public.profiles as p where p.id = caller), 'UTC'
    );
    mentors uuid[];
    found_mentors uuid[] := array[]::uuid[];
    found_starts timestamptz[] := array[]::timestamptz[];
    found_preferred boolean[] := array[]::boolean[];
    searched timestamptz := from_time;
    reach timestamptz;
    stride integer := 1;
    enough boolean;
begin
    perform private.check_slot_search(duration, from_time, to_time);
    if not private.is_time_zone(zone) then
        perform private.fail(400, 'unknown_time_zone', 'The time zone must be an IANA name such as Europe/Berlin.');
    end if;
    if best is null or best not in ('balanced', 'earliest', 'rating') or max_slots is null or max_slots not between 1 and 100 then
        perform private.fail(400, 'bad_search', 'Ask for 1 to 100 slots, best by balanced, earliest or rating.');
    end if;
    select array_agg(m.mentor_id) into mentors
        from public.mentor_subjects as m
        join public.profiles as p on p.id = m.mentor_id
        where m.subject_id = suggest_slots.subject_id
            and p.is_mentor
            and p.id is distinct from caller;

    while searched < to_time and mentors is not null loop
        -- to a midnight of the caller, so that a day is searched whole
        reach := case best
            when 'rating' then to_time
            else least(to_time, private.instant_of((searched at time zone zone)::date + stride, zone))
        end;
        select found_mentors || coalesce(array_agg(s.mentor_id), '{}'),
                found_starts || coalesce(array_agg(s.starts_at), '{}'),
                found_preferred || coalesce(array_agg(coalesce(
                    case
                        when preferred_from <= preferred_to
                            then w.wall_time >= preferred_from and w.wall_time < preferred_to
                        else w.wall_time >= preferred_from or w.wall_time < preferred_to
                    end,
                    true
                )), '{}')
            into found_mentors, found_starts, found_preferred
            from private.slots(mentors, duration, searched, reach, clock, caller) as s
            cross join lateral (select (s.starts_at at time zone zone)::time as wall_time) as w;
        select case best when 'earliest' then count(*) else count(distinct f.mentor_id) end >= max_slots into enough
            from unnest(found_mentors, found_preferred) as f (mentor_id, preferred)
            where f.preferred;
        exit when enough;
        searched := reach;
        stride := stride * 2;
    end loop;

    return query
    select ranked.mentor_id, p.name, p.rating, ranked.starts_at,
            ranked.starts_at + make_interval(mins => suggest_slots.duration), ranked.preferred
        from (
            select f.*, row_number() over (partition by f.mentor_id order by f.preferred desc, f.starts_at) as turn
                from unnest(found_mentors, found_starts, found_preferred) as f (mentor_id, starts_at, preferred)
        ) as ranked
        join public.profiles as p on p.id = ranked.mentor_id
        where ranked.turn <= max_slots
        order by
            ranked.preferred desc,
            case when best = 'rating' then p.rating end desc nulls last,
            -- balanced: everybody's best one before anybody's second, then the day, then the rating
            case when best = 'balanced' then ranked.turn end,
            case when best = 'balanced' then (ranked.starts_at at time zone zone)::date end,
            case when best = 'balanced' then p.rating end desc nulls last,
            ranked.starts_at,
            p.rating desc nulls last,
            ranked.mentor_id
        limit max_slots;
end
$$;
revoke execute on function private.suggest_slots(uuid, integer, timestamptz, timestamptz, time, time, text, integer, text) from public;
grant execute on function private.suggest_slots(uuid, integer, timestamptz, timestamptz, time, time, text, integer, text)
    to authenticated, service_role;

-- The best slots among all mentors of a subject, in order. Hours that the caller prefers (in `time_zone`, by default his own)
-- come first; then `best` decides: 'balanced' (another mentor each, the earliest day, the better rated), 'earliest', 'rating'.
create or replace function public.suggest_slots(
    subject_id uuid,
    duration integer,
    from_time timestamptz,
    to_time timestamptz,
    preferred_from time default null,
    preferred_to time default null,
    time_zone text default null,
    max_slots integer default 5,
    best text default 'balanced'
)
returns table (mentor_id uuid, mentor_name text, rating numeric, starts_at timestamptz, ends_at timestamptz, preferred boolean)
language sql
stable
set search_path = ''
as $$
    select * from private.suggest_slots(
        subject_id, duration, from_time, to_time, preferred_from, preferred_to, time_zone, max_slots, best
    )
$$;

create or replace function private.explain_day(mentor_id uuid, on_date date, duration integer)
returns table (from_time timestamptz, to_time timestamptz, reason text)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    length constant interval := make_interval(mins => explain_day.duration);
    terms public.booking_terms;
    day_begins timestamptz;
    day_ends timestamptz;
begin
    select t.* into terms
        from private.terms_of(array[explain_day.mentor_id]) as t
        join public.profiles as p on p.id = t.mentor_id
        where p.is_mentor;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such mentor.');
    end if;
    day_begins := private.instant_of(on_date, terms.time_zone);
    day_ends := private.instant_of(on_date + 1, terms.time_zone);
    perform private.check_slot_search(duration, day_begins, day_ends);
    return query
    with refused as (
        select r.reason, r.starts * tstzmultirange(tstzrange(day_begins, day_ends)) as starts
            from private.refused_starts(
                array[explain_day.mentor_id], duration, day_begins, day_ends, clock_timestamp(), auth.uid()
            ) as r
    ),
    -- of what sessions take, the part that only their buffers take
    sessions as (
        select coalesce(range_agg(tstzrange(
                coalesce(s.scheduled_time, r.requested_time) - length, coalesce(s.end_time, r.end_time), '()'
            )), '{}') as starts
            from private.busy_times as b
            left join public.sessions as s on s.id = b.session_id
            left join public.session_requests as r on r.id = b.request_id
            where b.person_id = explain_day.mentor_id
                and b.busy && tstzrange(day_begins - interval '2 days', day_ends + interval '2 days')
    ),
    named as (
        select r.reason, r.starts from refused as r where r.reason <> 'booked'
        union all
        select 'booked', r.starts * s.starts from refused as r cross join sessions as s where r.reason = 'booked'
        union all
        select 'buffer', r.starts - s.starts from refused as r cross join sessions as s where r.reason = 'booked'
    )
    select lower(stretch), upper(stretch), n.reason
        from named as n
        cross join unnest(n.starts) as stretch
        order by 1, 2, 3;
end
$$;
revoke execute on function private.explain_day(uuid, date, integer) from public;
grant execute on function private.explain_day(uuid, date, integer) to authenticated, service_role;

-- Why a session of `duration` minutes can not start, for each stretch of that date in the mentor's zone: 'closed', 'booked',
-- 'buffer' (too near to a session), 'notice', 'window', 'cap', 'yours' (the caller's own sessions). Stretches of several
-- reasons overlap; what is in none of them is free. A start at either end of a 'booked', 'buffer' or 'yours' stretch is free,
-- of the others the beginning is refused and the end is free.
create or replace function public.explain_day(mentor_id uuid, on_date date, duration integer default 30)
returns table (from_time timestamptz, to_time timestamptz, reason text)
language sql
stable
set search_path = ''
as $$
    select * from private.explain_day(mentor_id, on_date, duration)
$$;

revoke execute on function
    public.available_slots(uuid, timestamptz, timestamptz, integer),
    public.suggest_slots(uuid, integer, timestamptz, timestamptz, time, time, text, integer, text),
    public.explain_day(uuid, date, integer)
    from public, anon;
grant execute on function
    public.available_slots(uuid, timestamptz, timestamptz, integer),
    public.suggest_slots(uuid, integer, timestamptz, timestamptz, time, time, text, integer, text),
    public.explain_day(uuid, date, integer)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100200', 'slot_search')
    on conflict (version) do nothing;
