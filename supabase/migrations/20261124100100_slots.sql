-- The instants at which a session may start. One function decides: what it leaves over is offered by the slots, explained
-- by the day, and demanded again when time is given away. It works on sets, for many mentors at once. The bodies are PL/pgSQL
-- around one statement because its plan is kept between calls; a SQL function is planned anew each time.

-- What a person has given away, in the order of time: overlap of long lists is found quicker here than in the exclusion's index,
-- which the planner takes to be the cheaper one unless this one answers from the index alone as well.
create index if not exists busy_times_person_until on private.busy_times (person_id, upper(busy))
    include (busy, session_id, request_id);

-- A mentor's terms, with the defaults for whoever has set none.
create or replace function private.terms_of(mentors uuid[]) returns setof public.booking_terms
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
begin
    return query
    select (x.terms).*
        from (
            select coalesce(t, row(
                    p.id, p.time_zone, s.buffer_before_minutes, s.buffer_after_minutes, 0, null, 30,
                    null, null, null, null, null, null, 'open', 60, now()
                )::public.booking_terms) as terms
                from private.settings as s
                cross join public.profiles as p
                left join public.booking_terms as t on t.mentor_id = p.id
                where p.id = any (mentors)
                offset 0  -- one row made for each, not one for each of its columns
        ) as x;
end
$$;
revoke execute on function private.terms_of(uuid[]) from public;

-- When mentors are open, in the given stretch and a day around it.
create or replace function private.open_hours(mentors uuid[], window_from timestamptz, window_to timestamptz)
returns table (mentor_id uuid, hours tstzmultirange)
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
#variable_conflict use_column
begin
    return query
    with terms as materialized (
        select t.mentor_id, t.time_zone,
            exists (select from public.availability_rules as r where r.mentor_id = t.mentor_id) as has_week
            from private.terms_of(mentors) as t
    ),
    zones as materialized (
        select z.time_zone, day::date as on_date, extract(isodow from day)::integer as weekday
            from (select distinct time_zone from terms) as z
            cross join generate_series(
                (window_from at time zone z.time_zone)::date - 1,
                (window_to at time zone z.time_zone)::date + 1,
                interval '1 day'
            ) as day
    ),
    special as materialized (
        select o.mentor_id, t.time_zone, o.on_date, o.start_time, o.end_time
            from public.availability_overrides as o
            join terms as t on t.mentor_id = o.mentor_id
            where o.on_date between (window_from at time zone t.time_zone)::date - 1
                and (window_to at time zone t.time_zone)::date + 1
    ),
    stretches as materialized (
        select t.mentor_id, t.time_zone, z.on_date + r.start_time as opens, z.on_date + r.end_time as closes
            from terms as t
            join zones as z on z.time_zone = t.time_zone
            join public.availability_rules as r
                on r.mentor_id = t.mentor_id
                and r.weekday = z.weekday
                and z.on_date >= coalesce(r.valid_from, '-infinity')
                and z.on_date <= coalesce(r.valid_until, 'infinity')
            where t.has_week
                and not exists (select from special as o where o.mentor_id = t.mentor_id and o.on_date = z.on_date)
        union all
        select t.mentor_id, t.time_zone, z.on_date, z.on_date + 1
            from terms as t
            join zones as z on z.time_zone = t.time_zone
            where not t.has_week
                and not exists (select from special as o where o.mentor_id = t.mentor_id and o.on_date = z.on_date)
        union all
        select o.mentor_id, o.time_zone, o.on_date + o.start_time, o.on_date + o.end_time
            from special as o
            where o.start_time is not null
    ),
    -- mentors share zones and hours: each wall-clock time is placed once
    instants as materialized (
        select w.time_zone, w.wall_time, private.instant_of(w.wall_time, w.time_zone) as instant
            from (
                select time_zone, opens as wall_time from stretches
                union
                select time_zone, closes from stretches
            ) as w
    )
    select t.mentor_id, coalesce(open.hours, '{}')
        from terms as t
        left join (
            select s.mentor_id, range_agg(tstzrange(a.instant, b.instant)) as hours
                from stretches as s
                join instants as a on a.time_zone = s.time_zone and a.wall_time = s.opens
                join instants as b on b.time_zone = s.time_zone and b.wall_time = s.closes
                where a.instant < b.instant  -- hours inside a skipped hour do not exist
                group by s.mentor_id
        ) as open on open.mentor_id = t.mentor_id;
end
$$;
revoke execute on function private.open_hours(uuid[], timestamptz, timestamptz) from public;

-- For each rule, the starts that it refuses; complete for the window, and whatever comes with it outside. The rows of
-- `session_id` and `request_id` are not in the way of themselves; `student` adds the hours of the person who asks. Bounds are
-- exact: a session may begin when another ends.
create or replace function private.refused_starts(
    mentors uuid[],
    duration integer,
    window_from timestamptz,
    window_to timestamptz,
    clock timestamptz,
    student uuid default null,
    session_id uuid default null,
    request_id uuid default null
) returns table (mentor_id uuid, reason text, starts tstzmultirange)
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan  -- one plan serves every mentor; planning costs more than running it
rows 100
as $$
#variable_conflict use_column
declare
    length constant interval := make_interval(mins => refused_starts.duration);
begin
    return query
    with terms as materialized (
        select t.*, make_interval(mins => b.minutes_before) as before, make_interval(mins => b.minutes_after) as after
            from private.terms_of(mentors) as t
            cross join lateral (
                select t.buffer_before_minutes as minutes_before, t.buffer_after_minutes as minutes_after
                    where refused_starts.request_id is null
                union all
                select own.minutes_before, own.minutes_after
                    from private.booking_buffers(t.mentor_id, refused_starts.request_id) as own
                    where refused_starts.request_id is not null
            ) as b
    ),
    limits as materialized (
        select t.mentor_id, t.time_zone, t.pending_policy, c.*
            from terms as t
            cross join lateral (values
                ('day', interval '1 day', t.max_sessions_per_day, t.max_minutes_per_day),
                ('week', interval '1 week', t.max_sessions_per_week, t.max_minutes_per_week),
                ('month', interval '1 month', t.max_sessions_per_month, t.max_minutes_per_month)
            ) as c (unit, period, max_sessions, max_minutes)
            where coalesce(c.max_sessions, c.max_minutes) is not null
    ),
    load as (
        select l.mentor_id, l.unit, s.scheduled_time at time zone l.time_zone as begins, s.duration
            from limits as l
            join public.sessions as s
                on s.mentor_id = l.mentor_id
                and s.scheduled_time > window_from - l.period - interval '2 days'
                and s.scheduled_time < window_to + l.period + interval '2 days'
            where s.status <> 'cancelled'
                and s.id is distinct from refused_starts.session_id
        union all
        select l.mentor_id, l.unit, r.requested_time at time zone l.time_zone, r.duration
            from limits as l
            join public.session_requests as r on r.mentor_id = l.mentor_id
            where l.pending_policy = 'hold'
                and r.status = 'pending'
                and r.expires_at > clock
                and r.id is distinct from refused_starts.request_id
    ),
    full_periods as (
        select l.mentor_id, l.time_zone, l.period, date_trunc(l.unit, a.begins) as begins
            from limits as l
            join load as a on a.mentor_id = l.mentor_id and a.unit = l.unit
            group by l.mentor_id, l.time_zone, l.period, l.max_sessions, l.max_minutes, date_trunc(l.unit, a.begins)
            having count(*) >= l.max_sessions
                or sum(a.duration) + refused_starts.duration > l.max_minutes
    )
    select o.mentor_id, 'closed', '{(,)}'::tstzmultirange - coalesce((
            select range_agg(tstzrange(lower(h), upper(h) - length, '[]'))
                from unnest(o.hours) as h
                where upper(h) - lower(h) >= length
        ), '{}')
        from private.open_hours(mentors, window_from, window_to + length) as o
    union all
    select t.mentor_id, 'booked', range_agg(tstzrange(lower(b.busy) - length - t.after, upper(b.busy) + t.before, '()'))
        from terms as t
        join private.busy_times as b
            on b.person_id = t.mentor_id
            and upper(b.busy) > window_from - t.before
            -- a session with its buffers is at most three days long, so the index is read in one short stretch
            and upper(b.busy) < window_to + length + t.after + interval '3 days'
            and lower(b.busy) < window_to + length + t.after
        where (refused_starts.session_id is null or b.session_id is distinct from refused_starts.session_id)
            and (
                b.request_id is null
                or exists (
                    select from public.session_requests as r
                        where r.id = b.request_id
                            and r.expires_at > clock
                            and r.id is distinct from refused_starts.request_id
                )
            )
        group by t.mentor_id
    union all
    select t.mentor_id, 'yours', range_agg(tstzrange(lower(b.busy) - length, upper(b.busy), '()'))
        from terms as t
        join private.busy_times as b
            on b.person_id = student
            and upper(b.busy) > window_from
            and upper(b.busy) < window_to + length + interval '3 days'
            and lower(b.busy) < window_to + length
        where (refused_starts.session_id is null or b.session_id is distinct from refused_starts.session_id)
            and (refused_starts.request_id is null or b.request_id is distinct from refused_starts.request_id)
        group by t.mentor_id
    union all
    select t.mentor_id, 'notice',
        tstzmultirange(tstzrange(null, clock + make_interval(mins => t.minimum_notice_minutes), '()'))
        from terms as t
    union all
    select t.mentor_id, 'window', tstzmultirange(tstzrange(clock + make_interval(days => t.window_days), null, '()'))
        from terms as t
        where t.window_days is not null
    union all
    select f.mentor_id, 'cap', range_agg(tstzrange(
            private.instant_of(f.begins, f.time_zone), private.instant_of(f.begins + f.period, f.time_zone)
        ))
        from full_periods as f
        group by f.mentor_id
    union all
    -- longer than a whole day, week or month may hold, even an empty one
    select distinct l.mentor_id, 'cap', '{(,)}'::tstzmultirange
        from limits as l
        where refused_starts.duration > l.max_minutes;
end
$$;
revoke execute on function private.refused_starts(uuid[], integer, timestamptz, timestamptz, timestamptz, uuid, uuid, uuid) from public;

-- What is offered: starts that no rule refuses, on the mentor's grid, which begins with each stretch of open hours (a day
-- before at local midnight where no hours are set). The grid only spaces what is offered; a free start beside it can be
-- requested as well.
create or replace function private.slots(
    mentors uuid[],
    duration integer,
    window_from timestamptz,
    window_to timestamptz,
    clock timestamptz,
    student uuid default null
) returns table (mentor_id uuid, starts_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
rows 1000
as $$
#variable_conflict use_column
begin
    return query
    select d.mentor_id, step.starts_at
        from (
            select r.mentor_id,
                tstzmultirange(tstzrange(window_from, window_to)) - range_agg(r.starts) as free,
                '{(,)}'::tstzmultirange - range_agg(r.starts) filter (where r.reason = 'closed') as open
                from private.refused_starts(mentors, duration, window_from, window_to, clock, student) as r
                group by r.mentor_id
        ) as d
        join private.terms_of(mentors) as t on t.mentor_id = d.mentor_id
        cross join unnest(d.open) as stretch
        cross join generate_series(lower(stretch), upper(stretch), make_interval(mins => t.step_minutes)) as step (starts_at)
        where d.free @> step.starts_at;
end
$$;
revoke execute on function private.slots(uuid[], integer, timestamptz, timestamptz, timestamptz, uuid) from public;

insert into private.schema_parts (version, subject)
    values ('20261124100100', 'slots')
    on conflict (version) do nothing;
