-- Sessions that repeat: weekly, every two weeks, monthly by date or by weekday. A series keeps the local date, time and zone
-- of its first occurrence, so ten o'clock stays ten o'clock when clocks change; its requests and sessions are instants.

create table if not exists public.session_series (
    id uuid primary key default gen_random_uuid(),
    student_id uuid not null references public.profiles (id) on delete cascade,
    mentor_id uuid not null references public.profiles (id) on delete cascade,
    subject_id uuid not null references public.subjects (id),
    title text not null
        constraint session_series_title_visible check (private.has_visible_text(title) and char_length(title) <= 200),
    frequency text not null constraint session_series_known_frequency check (frequency in (
        'weekly',
        'biweekly',           -- every two weeks
        'monthly_by_date',    -- the same day of the month; in a month without it, the last day (RFC 7529, SKIP=BACKWARD)
        'monthly_by_weekday'  -- the same weekday of the month: the first to fourth, or the last where it began on a fifth
    )),
    time_zone text not null,
    -- local on purpose: its instant depends on the zone's rules
    -- squawk-ignore prefer-timestamp-tz
    first_time timestamp not null,
    duration integer not null constraint session_series_duration_offered check (duration in (30, 60, 90, 120)),
    occurrences integer not null constraint session_series_length_sane check (occurrences between 1 and 104),
    idempotency_key text constraint session_series_key_bounded check (char_length(idempotency_key) between 1 and 200),
    created_at timestamptz not null default clock_timestamp(),
    constraint session_series_two_people check (student_id <> mentor_id),
    constraint session_series_key_once unique (student_id, idempotency_key)
);
create index if not exists session_series_mentor on public.session_series (mentor_id);
create index if not exists session_series_subject on public.session_series (subject_id);

alter table public.session_series enable row level security;
revoke all on public.session_series from public, anon, authenticated;
grant select on public.session_series to authenticated;
grant select, insert, update, delete on public.session_series to service_role;
drop policy if exists "Both people see their series" on public.session_series;
create policy "Both people see their series" on public.session_series
    for select to authenticated
    using ((select auth.uid()) in (student_id, mentor_id));

do $$
begin
    if not exists (select from pg_constraint where conname = 'session_requests_series') then
        alter table public.session_requests
            add constraint session_requests_series foreign key (series_id) references public.session_series (id) on delete set null;
    end if;
end
$$;
create unique index if not exists session_requests_series_once on public.session_requests (series_id, series_index);

-- Every occurrence by its place in the series, from 1: local time and instant.
create or replace function private.series_times(first_time timestamp, frequency text, time_zone text, occurrences integer)
returns table (series_index integer, local_time timestamp, starts_at timestamptz)
language sql
stable
set search_path = ''
rows 12
as $$
    select o.n + 1, o.wall_time, private.instant_of(o.wall_time, time_zone)
        from (
            select k.n,
                case frequency
                    when 'weekly' then first_time + k.n * interval '7 days'
                    when 'biweekly' then first_time + k.n * interval '14 days'
                    -- adding months keeps the day, or takes the month's last one
                    when 'monthly_by_date' then first_time + k.n * interval '1 month'
                    when 'monthly_by_weekday' then month.begins + first_time::time + case
                        when extract(day from first_time) > 28 then
                            -- the last such weekday of the month
                            (month.days - 1 - (
                                extract(isodow from month.begins + (month.days - 1) * interval '1 day')::integer
                                    - extract(isodow from first_time)::integer + 7
                            ) % 7) * interval '1 day'
                        else
                            ((extract(isodow from first_time)::integer - extract(isodow from month.begins)::integer + 7) % 7
                                + 7 * ((extract(day from first_time)::integer - 1) / 7)) * interval '1 day'
                    end
                end as wall_time
                from generate_series(0, occurrences - 1) as k (n)
                cross join lateral (
                    select m.begins, extract(day from m.begins + interval '1 month - 1 day')::integer as days
                        from (select date_trunc('month', first_time) + k.n * interval '1 month' as begins) as m
                ) as month
        ) as o
$$;
revoke execute on function private.series_times(timestamp, text, text, integer) from public;

-- How many occurrences are meant, by count or by the last date; refuses what is no series.
create or replace function private.series_length(
    first_time timestamp, frequency text, time_zone text, duration integer, occurrences integer, until date
) returns integer
language plpgsql
stable
set search_path = ''
as $$
declare
    meant integer := occurrences;
begin
    if duration is null or duration not in (30, 60, 90, 120) then
        perform private.fail(400, 'bad_duration', 'A session takes 30, 60, 90 or 120 minutes.');
    end if;
    if frequency is null or frequency not in ('weekly', 'biweekly', 'monthly_by_date', 'monthly_by_weekday') then
        perform private.fail(400, 'bad_series', 'A series is weekly, biweekly, monthly_by_date or monthly_by_weekday.');
    end if;
    if time_zone is null or not private.is_time_zone(time_zone) then
        perform private.fail(400, 'unknown_time_zone', 'The time zone must be an IANA name such as Europe/Berlin.');
    end if;
    if first_time is null or not isfinite(first_time) or date_trunc('minute', first_time) <> first_time then
        perform private.fail(400, 'time_not_on_minute', 'A session starts at a full minute.');
    end if;
    if (occurrences is null) = (until is null) then
        perform private.fail(400, 'bad_series', 'Say either how many times or until which date.');
    end if;
    if meant is null then
        select count(*) into meant
            from private.series_times(first_time, frequency, time_zone, 105) as t
            where t.local_time::date <= until;
    end if;
    if meant not between 1 and 104 then
        perform private.fail(400, 'bad_series', 'A series has 1 to 104 sessions.');
    end if;
    return meant;
end
$$;
revoke execute on function private.series_length(timestamp, text, text, integer, integer, date) from public;

insert into private.schema_parts (version, subject)
    values ('20261124100900', 'series')
    on conflict (version) do nothing;
