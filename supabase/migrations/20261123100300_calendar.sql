-- What calendars need: a number that rises with every change of a booking, one description of a booking for every reader, and
-- secret addresses of personal calendars.

-- The key is the request, or the session where there never was a request: the same before and after approval.
create table if not exists private.calendar_versions (
    booking_id uuid primary key,
    sequence integer not null default 0,
    changed_at timestamptz not null default clock_timestamp()
);
alter table private.calendar_versions enable row level security;
revoke all on private.calendar_versions from public, anon, authenticated, service_role;

create or replace function private.count_calendar_change() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    booking uuid := coalesce(to_jsonb(new) ->> 'request_id', new.id::text)::uuid;
begin
    insert into private.calendar_versions as v (booking_id, sequence)
        values (booking, 1)
        on conflict (booking_id) do update set sequence = v.sequence + 1, changed_at = clock_timestamp();
    return null;
end
$$;
revoke execute on function private.count_calendar_change() from public;

create or replace trigger count_calendar_change
    after update of status on public.session_requests
    for each row
    when (old.status is distinct from new.status)
    execute function private.count_calendar_change();
create or replace trigger count_calendar_change
    after update of status, scheduled_time, end_time, title, description on public.sessions
    for each row
    when (
        old.scheduled_time is distinct from new.scheduled_time
        or old.end_time is distinct from new.end_time
        or old.title is distinct from new.title
        or old.description is distinct from new.description
        or (old.status is distinct from new.status and new.status = 'cancelled')
    )
    execute function private.count_calendar_change();

-- A request and, once there is one, its session, as letters, calendars and pages show them. In PL/pgSQL, like `reader`,
-- because it is called for each of many rows: there the plan is made once in a session, not once in a call.
create or replace function private.booking(request_id uuid, session_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'id', coalesce(r.id, s.id),
            'session_id', s.id,
            'title', coalesce(s.title, r.title),
            'description', coalesce(s.description, r.description),
            'status', coalesce(s.status, r.status),
            'start', coalesce(s.scheduled_time, r.requested_time),
            'end', coalesce(s.end_time, r.end_time),
            'duration', coalesce(s.duration, r.duration),
            'mentor_id', coalesce(s.mentor_id, r.mentor_id),
            'student_id', coalesce(s.student_id, r.student_id),
            'mentor_name', mentor.name,
            'student_name', student.name,
            'subject', subject.name,
            'room', s.video_room_id,
            'reason', coalesce(s.cancel_reason, r.rejection_reason),
            'sequence', coalesce(v.sequence, 0),
            'changed_at', coalesce(v.changed_at, s.created_at, r.created_at),
            -- An occurrence of a series (a later migration): its place is where it was asked for. Read as JSON, because the
            -- column is not there yet when this function is made.
            'series_uid', to_jsonb(r) ->> 'series_id',
            'planned', case when to_jsonb(r) ->> 'series_id' is not null then r.requested_time end
        )
            from (select) as always
            left join public.sessions as s on s.id = coalesce(
                booking.session_id, (select known.id from public.sessions as known where known.request_id = booking.request_id)
            )
            left join public.session_requests as r on r.id = coalesce(booking.request_id, s.request_id)
            left join public.profiles as mentor on mentor.id = coalesce(s.mentor_id, r.mentor_id)
            left join public.profiles as student on student.id = coalesce(s.student_id, r.student_id)
            left join public.subjects as subject on subject.id = coalesce(s.subject_id, r.subject_id)
            left join private.calendar_versions as v on v.booking_id = coalesce(r.id, s.id)
            where r.id is not null or s.id is not null
    );
end
$$;
revoke execute on function private.booking(uuid, uuid) from public;

-- How a person reads: name, address, language, zone, quiet hours.
create or replace function private.reader(person_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'id', u.id,
            'name', coalesce(p.name, ''),
            'email', u.email,
            'locale', coalesce(s.locale, substring(u.raw_user_meta_data ->> 'locale' from '^[a-z]{2,3}(?:-[A-Z]{2})?$'), 'en'),
            'time_zone', coalesce(p.time_zone, 'UTC'),
            'quiet_from', s.quiet_from,
            'quiet_until', s.quiet_until
        )
            from auth.users as u
            left join public.profiles as p on p.id = u.id
            left join public.notification_settings as s on s.user_id = u.id
            where u.id = person_id
    );
end
$$;
revoke execute on function private.reader(uuid) from public;

-- A personal calendar's address holds its id and a secret; only the hash of the secret is kept. Removing the row ends it.
create table if not exists public.calendar_feeds (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references auth.users (id) on delete cascade,
    secret_hash bytea not null constraint calendar_feeds_hash_is_sha256 check (length(secret_hash) = 32),
    created_at timestamptz not null default clock_timestamp()
);
create index if not exists calendar_feeds_owner_id on public.calendar_feeds (owner_id);

alter table public.calendar_feeds enable row level security;
revoke all on public.calendar_feeds from public, anon, authenticated;
grant select (id, owner_id, created_at), delete on public.calendar_feeds to authenticated;
grant select, insert, update, delete on public.calendar_feeds to service_role;

drop policy if exists "Owners see their calendars" on public.calendar_feeds;
create policy "Owners see their calendars" on public.calendar_feeds
    for select to authenticated
    using (owner_id = (select auth.uid()));
drop policy if exists "Owners end their calendars" on public.calendar_feeds;
create policy "Owners end their calendars" on public.calendar_feeds
    for delete to authenticated
    using (owner_id = (select auth.uid()));

create or replace function private.create_calendar_feed() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    made uuid := gen_random_uuid();
    secret bytea := extensions.gen_random_bytes(24);
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'Sign in first.');
    end if;
    perform pg_advisory_xact_lock(hashtextextended('mentorkit calendars of ' || caller::text, 0));
    if (select count(*) from public.calendar_feeds as f where f.owner_id = caller) >= 5 then
        perform private.fail(429, 'too_many_feeds', 'Five calendar addresses are enough; remove one first.');
    end if;
    insert into public.calendar_feeds (id, owner_id, secret_hash) values (made, caller, sha256(secret));
    return jsonb_build_object(
        'id', made,
        'token', translate(encode(decode(replace(made::text, '-', ''), 'hex') || secret, 'base64'), E'+/=\n', '-_')
    );
end
$$;
revoke execute on function private.create_calendar_feed() from public;
grant execute on function private.create_calendar_feed() to authenticated;

-- A new calendar address of the caller; the token is shown now and never again.
create or replace function public.create_calendar_feed() returns jsonb
language sql
set search_path = ''
as $$
    select private.create_calendar_feed()
$$;
revoke execute on function public.create_calendar_feed() from public, anon;
grant execute on function public.create_calendar_feed() to authenticated;

-- The owner's upcoming and recent bookings; null when there is no such calendar. The functions compare the hash.
create or replace function private.calendar_feed(feed_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'secret_hash', encode(f.secret_hash, 'hex'),
        'owner', private.reader(f.owner_id),
        'bookings', (
            select coalesce(jsonb_agg(private.booking(mine.request_id, mine.session_id) order by mine.starts), '[]')
                from (
                    select s.request_id, s.id as session_id, s.scheduled_time as starts
                        from public.sessions as s
                        where f.owner_id in (s.mentor_id, s.student_id)
                            and s.status <> 'cancelled'
                            and s.scheduled_time > now() - interval '90 days'
                    union all
                    select r.id, null, r.requested_time
                        from public.session_requests as r
                        where f.owner_id in (r.mentor_id, r.student_id)
                            and r.status = 'pending'
                            and r.expires_at > now()
                    order by starts desc
                    limit 1000
                ) as mine
        )
    )
        from public.calendar_feeds as f
        where f.id = feed_id
$$;
revoke execute on function private.calendar_feed(uuid) from public;
grant execute on function private.calendar_feed(uuid) to service_role;

create or replace function public.calendar_feed(feed_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.calendar_feed(feed_id)
$$;
revoke execute on function public.calendar_feed(uuid) from public, anon, authenticated;
grant execute on function public.calendar_feed(uuid) to service_role;

insert into private.schema_parts (version, subject)
    values ('20261123100300', 'calendar')
    on conflict (version) do nothing;
