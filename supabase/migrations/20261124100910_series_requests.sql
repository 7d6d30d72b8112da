-- Asking for a series: a preview with a verdict for every occurrence, and the request for all of them at once.

create or replace function private.preview_series(
    mentor_id uuid, first_time timestamp, frequency text, time_zone text, duration integer, occurrences integer, until date
) returns table (series_index integer, starts_at timestamptz, ends_at timestamptz, is_free boolean, reason text, alternative timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller constant uuid := private.require_caller();
    clock constant timestamptz := clock_timestamp();
    length constant interval := make_interval(mins => preview_series.duration);
    meant integer;
    ends timestamptz;
    begins timestamptz;
begin
    meant := private.series_length(first_time, frequency, preview_series.time_zone, duration, occurrences, until);
    if not exists (select from public.profiles as p where p.id = preview_series.mentor_id and p.is_mentor) then
        perform private.fail(404, 'not_found', 'There is no such mentor.');
    end if;
    select min(t.starts_at), max(t.starts_at) into begins, ends
        from private.series_times(first_time, frequency, preview_series.time_zone, meant) as t;
    return query
    with refused as materialized (
        select r.reason, r.starts
            from private.refused_starts(
                array[preview_series.mentor_id], duration, begins - interval '3 days', ends + interval '4 days', clock, caller
            ) as r
    ),
    verdicts as (
        select t.series_index, t.starts_at, (
                select r.reason from refused as r
                    where r.starts @> t.starts_at
                    order by array_position(array['notice', 'window', 'closed', 'booked', 'yours', 'cap'], r.reason)
                    limit 1
            ) as reason
            from private.series_times(first_time, frequency, preview_series.time_zone, meant) as t
    )
    select v.series_index, v.starts_at, v.starts_at + length, v.reason is null, v.reason, near.starts_at
        from verdicts as v
        left join lateral (
            -- the nearest free start of the mentor's grid, three days to either side
            select s.starts_at
                from private.slots(
                    array[preview_series.mentor_id], duration, v.starts_at - interval '3 days', v.starts_at + interval '3 days', clock, caller
                ) as s
                where v.reason is not null
                    and not exists (
                        select from verdicts as other
                            where other.reason is null and other.starts_at < s.starts_at + length and other.starts_at + length > s.starts_at
                    )
                order by abs(extract(epoch from s.starts_at - v.starts_at)), s.starts_at
                limit 1
        ) as near on v.reason is not null
        order by v.series_index;
end
$$;
revoke execute on function private.preview_series(uuid, timestamp, text, text, integer, integer, date) from public;
grant execute on function private.preview_series(uuid, timestamp, text, text, integer, integer, date) to authenticated, service_role;

-- Each occurrence that such a series would have: whether it is free for both, why not (the reasons of explain_day), and the
-- nearest free start within three days. `first_time` is local, without a zone. Nothing is written.
create or replace function public.preview_series(
    mentor_id uuid,
    first_time timestamp,
    frequency text,
    time_zone text,
    duration integer,
    occurrences integer default null,
    until date default null
) returns table (series_index integer, starts_at timestamptz, ends_at timestamptz, is_free boolean, reason text, alternative timestamptz)
language sql
stable
set search_path = ''
as $$
    select * from private.preview_series(mentor_id, first_time, frequency, time_zone, duration, occurrences, until)
$$;

create or replace function private.request_series(
    mentor_id uuid,
    subject_id uuid,
    title text,
    first_time timestamp,
    frequency text,
    time_zone text,
    duration integer,
    occurrences integer,
    until date,
    skip integer[],
    description text,
    idempotency_key text
) returns public.session_series
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller constant uuid := private.require_caller();
    meant integer;
    clashing text;
    made public.session_series;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'A request is made by a student.');
    end if;
    perform private.lock_requests_of(caller);
    if request_series.idempotency_key is not null then
        select s.* into made from public.session_series as s
            where s.student_id = caller and s.idempotency_key = request_series.idempotency_key;
        if found then
            return made;
        end if;
    end if;
    if caller = request_series.mentor_id then
        perform private.fail(400, 'self_request', 'Nobody can request a session from himself.');
    end if;
    if not private.has_visible_text(request_series.title) then
        perform private.fail(400, 'title_required', 'Give the session a title.');
    end if;
    if char_length(request_series.title) > 200 or char_length(request_series.description) > 2000 then
        perform private.fail(400, 'text_too_long', 'A title has at most 200 characters, a description 2000.');
    end if;
    if not exists (select from public.subjects as s where s.id = request_series.subject_id) then
        perform private.fail(400, 'unknown_subject', 'There is no such subject.');
    end if;
    meant := private.series_length(first_time, frequency, request_series.time_zone, duration, occurrences, until);
    select string_agg(p.series_index::text, ', ' order by p.series_index) into clashing
        from private.preview_series(
            request_series.mentor_id, first_time, frequency, request_series.time_zone, duration, meant, null
        ) as p
        where not p.is_free
            and p.series_index <> all (coalesce(skip, '{}'));
    if clashing is not null then
        perform private.fail(409, 'series_clash', 'These sessions of the series are not free: ' || clashing || '.');
    end if;
    insert into public.session_series (
            student_id, mentor_id, subject_id, title, frequency, time_zone, first_time, duration, occurrences, idempotency_key
        )
        values (
            caller, request_series.mentor_id, request_series.subject_id, request_series.title, request_series.frequency,
            request_series.time_zone, request_series.first_time, request_series.duration, meant, request_series.idempotency_key
        )
        returning * into made;
    insert into public.session_requests (
            student_id, mentor_id, subject_id, title, description, requested_time, duration, series_id, series_index
        )
        select caller, made.mentor_id, made.subject_id, made.title, request_series.description, t.starts_at, made.duration,
                made.id, t.series_index
            from private.series_times(made.first_time, made.frequency, made.time_zone, meant) as t
            where t.series_index <> all (coalesce(skip, '{}'))
            order by t.series_index;
    if not found then
        perform private.fail(400, 'bad_series', 'A series has 1 to 104 sessions.');
    end if;
    return made;
end
$$;
revoke execute on function private.request_series(
    uuid, uuid, text, timestamp, text, text, integer, integer, date, integer[], text, text
) from public;
grant execute on function private.request_series(
    uuid, uuid, text, timestamp, text, text, integer, integer, date, integer[], text, text
) to authenticated, service_role;

-- Requests every occurrence of the series at once, or none: one that is not free refuses the whole (series_clash names which),
-- unless its place is in `skip`. The mentor answers the series as one.
create or replace function public.request_series(
    mentor_id uuid,
    subject_id uuid,
    title text,
    first_time timestamp,
    frequency text,
    time_zone text,
    duration integer,
    occurrences integer default null,
    until date default null,
    skip integer[] default '{}',
    description text default null,
    idempotency_key text default null
) returns public.session_series
language sql
set search_path = ''
as $$
    select s.* from private.request_series(
        mentor_id, subject_id, title, first_time, frequency, time_zone, duration, occurrences, until, skip, description, idempotency_key
    ) as s
$$;

revoke execute on function
    public.preview_series(uuid, timestamp, text, text, integer, integer, date),
    public.request_series(uuid, uuid, text, timestamp, text, text, integer, integer, date, integer[], text, text)
    from public, anon;
grant execute on function
    public.preview_series(uuid, timestamp, text, text, integer, integer, date),
    public.request_series(uuid, uuid, text, timestamp, text, text, integer, integer, date, integer[], text, text)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100910', 'series_requests')
    on conflict (version) do nothing;
