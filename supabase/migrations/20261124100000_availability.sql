-- When a mentor can be booked: weekly hours, other hours on single dates, and the terms of booking. A mentor without
-- weekly hours can be booked at any time, except on dates that are set otherwise.

-- The instant of a wall-clock time in a zone. One rule for both kinds of clock change: the offset in force before the change
-- counts. A time that is skipped moves forward by the gap, a time that comes twice is the first one (RFC 5545 section 3.3.5;
-- Python's zoneinfo with fold=0). AT TIME ZONE does so for skipped times but takes the second of two; there, the offset of
-- the day before leads to the first.
create or replace function private.instant_of(wall_time timestamp, zone text) returns timestamptz
language sql
stable
parallel safe
set search_path = ''
as $$
    select case when r.first_pass at time zone zone = wall_time then least(r.first_pass, r.reading) else r.reading end
        from (
            select o.reading,
                (wall_time - (o.day_before at time zone zone - o.day_before at time zone 'UTC')) at time zone 'UTC' as first_pass
                from (
                    select wall_time at time zone zone as reading,
                        wall_time at time zone zone - interval '24 hours' as day_before
                ) as o
        ) as r
$$;
revoke execute on function private.instant_of(timestamp, text) from public;
grant execute on function private.instant_of(timestamp, text) to authenticated, service_role;


-- A template of an ordinary week, in the zone of the mentor's booking terms. Hours over midnight are two rows: end_time may be 24:00.
create table if not exists public.availability_rules (
    id uuid primary key default gen_random_uuid(),
    mentor_id uuid not null default auth.uid() references public.profiles (id) on delete cascade,
    weekday integer not null,
    start_time time not null,
    end_time time not null,
    valid_from date,
    valid_until date,
    created_at timestamptz not null default now(),
    constraint availability_rules_iso_weekday check (weekday between 1 and 7),  -- ISO 8601: Monday is 1
    constraint availability_rules_forward check (start_time < end_time),
    constraint availability_rules_valid_forward check (valid_from <= valid_until)
);
create index if not exists availability_rules_mentor on public.availability_rules (mentor_id, weekday);

-- Other hours on one date. A date that has a row here takes nothing from the week; a row without times closes it.
create table if not exists public.availability_overrides (
    id uuid primary key default gen_random_uuid(),
    mentor_id uuid not null default auth.uid() references public.profiles (id) on delete cascade,
    on_date date not null,
    start_time time,
    end_time time,
    created_at timestamptz not null default now(),
    constraint availability_overrides_both_times check ((start_time is null) = (end_time is null)),
    constraint availability_overrides_forward check (start_time < end_time)
);
create index if not exists availability_overrides_mentor on public.availability_overrides (mentor_id, on_date);

-- The terms a mentor books under. Without a row, those of private.settings and no limits.
create table if not exists public.booking_terms (
    mentor_id uuid primary key default auth.uid() references public.profiles (id) on delete cascade,
    time_zone text not null default 'UTC',
    buffer_before_minutes integer not null default 0,
    buffer_after_minutes integer not null default 0,
    minimum_notice_minutes integer not null default 0,
    window_days integer,
    step_minutes integer not null default 30,
    max_sessions_per_day integer,
    max_sessions_per_week integer,
    max_sessions_per_month integer,
    max_minutes_per_day integer,
    max_minutes_per_week integer,
    max_minutes_per_month integer,
    pending_policy text not null default 'open',
    hold_minutes integer not null default 60,
    updated_at timestamptz not null default clock_timestamp(),
    constraint booking_terms_buffers_sane
        check (buffer_before_minutes between 0 and 1440 and buffer_after_minutes between 0 and 1440),
    constraint booking_terms_notice_sane check (minimum_notice_minutes between 0 and 525600),
    constraint booking_terms_window_sane check (window_days between 1 and 3650),
    constraint booking_terms_step_sane check (step_minutes between 1 and 1440),
    constraint booking_terms_caps_positive check (
        least(max_sessions_per_day, max_sessions_per_week, max_sessions_per_month,
            max_minutes_per_day, max_minutes_per_week, max_minutes_per_month) > 0
    ),
    constraint booking_terms_pending_policy_known check (pending_policy in (
        'open',  -- a pending request takes no time: several may ask for the same hour, the first approved gets it
        'hold'   -- a pending request holds its time for hold_minutes
    )),
    constraint booking_terms_hold_sane check (hold_minutes between 1 and 43200)
);
create or replace trigger touch
    before update on public.booking_terms
    for each row execute function private.touch();

create or replace function private.check_booking_terms() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if (tg_op = 'INSERT' or new.time_zone is distinct from old.time_zone) and not private.is_time_zone(new.time_zone) then
        perform private.fail(400, 'unknown_time_zone', 'The time zone must be an IANA name such as Europe/Berlin.');
    end if;
    return new;
end
$$;
revoke execute on function private.check_booking_terms() from public;
create or replace trigger check_booking_terms
    before insert or update on public.booking_terms
    for each row execute function private.check_booking_terms();

-- Only the mentor sees and changes his own. Others learn free starts, through the functions of the slots.
do $$
declare
    part record;
begin
    for part in
        select * from (values
            ('availability_rules', 'id, mentor_id, weekday, start_time, end_time, valid_from, valid_until',
                'weekday, start_time, end_time, valid_from, valid_until'),
            ('availability_overrides', 'id, mentor_id, on_date, start_time, end_time', 'on_date, start_time, end_time'),
            ('booking_terms',
                'mentor_id, time_zone, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes, window_days, step_minutes,'
                    || ' max_sessions_per_day, max_sessions_per_week, max_sessions_per_month,'
                    || ' max_minutes_per_day, max_minutes_per_week, max_minutes_per_month, pending_policy, hold_minutes',
                'time_zone, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes, window_days, step_minutes,'
                    || ' max_sessions_per_day, max_sessions_per_week, max_sessions_per_month,'
                    || ' max_minutes_per_day, max_minutes_per_week, max_minutes_per_month, pending_policy, hold_minutes')
        ) as parts (name, may_insert, may_update)
    loop
        execute format('alter table public.%I enable row level security', part.name);
        execute format('revoke all on public.%I from public, anon, authenticated', part.name);
        execute format('grant select, delete on public.%I to authenticated', part.name);
        execute format('grant insert (%s), update (%s) on public.%I to authenticated', part.may_insert, part.may_update, part.name);
        execute format('grant select, insert, update, delete on public.%I to service_role', part.name);
        execute format('drop policy if exists "Mentors see their own" on public.%I', part.name);
        execute format('create policy "Mentors see their own" on public.%I for select to authenticated'
            ' using ((select auth.uid()) = mentor_id)', part.name);
        execute format('drop policy if exists "Mentors add their own" on public.%I', part.name);
        execute format('create policy "Mentors add their own" on public.%I for insert to authenticated'
            ' with check ((select auth.uid()) = mentor_id)', part.name);
        execute format('drop policy if exists "Mentors change their own" on public.%I', part.name);
        execute format('create policy "Mentors change their own" on public.%I for update to authenticated'
            ' using ((select auth.uid()) = mentor_id) with check ((select auth.uid()) = mentor_id)', part.name);
        execute format('drop policy if exists "Mentors remove their own" on public.%I', part.name);
        execute format('create policy "Mentors remove their own" on public.%I for delete to authenticated'
            ' using ((select auth.uid()) = mentor_id)', part.name);
    end loop;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261124100000', 'availability')
    on conflict (version) do nothing;
