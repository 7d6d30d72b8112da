-- Hours, notice, window, buffers and caps hold when time is asked for and when it is given away, on every path: here they
-- take the place of the first, simpler checks of the bookings.

-- Buffers of one request that are not its mentor's usual ones. Written before the request itself, so the key waits.
create table if not exists private.request_buffers (
    request_id uuid primary key
        references public.session_requests (id) on delete cascade deferrable initially deferred,
    minutes_before integer not null constraint request_buffers_before_sane check (minutes_before between 0 and 1440),
    minutes_after integer not null constraint request_buffers_after_sane check (minutes_after between 0 and 1440)
);
alter table private.request_buffers enable row level security;
revoke all on private.request_buffers from public, anon, authenticated, service_role;

create or replace function private.booking_buffers(mentor_id uuid, request_id uuid, out minutes_before integer, out minutes_after integer)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    select coalesce(own.minutes_before, usual.buffer_before_minutes, s.buffer_before_minutes),
            coalesce(own.minutes_after, usual.buffer_after_minutes, s.buffer_after_minutes)
        into booking_buffers.minutes_before, booking_buffers.minutes_after
        from private.settings as s
        left join private.terms_of(array[booking_buffers.mentor_id]) as usual on true
        left join private.request_buffers as own on own.request_id = booking_buffers.request_id;
end
$$;
revoke execute on function private.booking_buffers(uuid, uuid) from public;

-- A mentor's own yes outweighs his hours, his notice and his window; nothing outweighs another session or a cap.
create or replace function private.refuse_unbookable(
    stage text,
    mentor_id uuid,
    student_id uuid,
    starts timestamptz,
    ends timestamptz,
    session_id uuid default null,
    request_id uuid default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    refusal text;
begin
    if stage = 'commit' then
        -- time held for requests that have lapsed is free, whether or not timed work has been by
        delete from private.busy_times as b
            using public.session_requests as r
            where b.person_id in (refuse_unbookable.mentor_id, refuse_unbookable.student_id)
                and r.id = b.request_id
                and (r.status <> 'pending' or r.expires_at <= clock);
    end if;
    select r.reason into refusal
        from private.refused_starts(
            array[refuse_unbookable.mentor_id],
            (extract(epoch from ends - refuse_unbookable.starts) / 60)::integer,
            refuse_unbookable.starts,
            refuse_unbookable.starts + interval '1 minute',
            clock,
            refuse_unbookable.student_id,
            refuse_unbookable.session_id,
            refuse_unbookable.request_id
        ) as r
        where r.starts @> refuse_unbookable.starts
            and (stage = 'request' or r.reason in ('booked', 'yours', 'cap'))
        order by array_position(array['notice', 'window', 'closed', 'booked', 'yours', 'cap'], r.reason)
        limit 1;
    case refusal
        when 'notice' then
            perform private.fail(409, 'too_soon', 'This mentor needs more notice than that.');
        when 'window' then
            perform private.fail(409, 'too_far_ahead', 'This mentor does not take bookings so far ahead.');
        when 'closed' then
            perform private.fail(409, 'outside_hours', 'This mentor is not available at that time.');
        when 'booked', 'yours' then
            perform private.fail(409, 'slot_taken', 'This time is not free any more.');
        when 'cap' then
            perform private.fail(409, 'cap_reached', 'This mentor has no more sessions in that day, week or month.');
        else
            null;
    end case;
end
$$;
revoke execute on function private.refuse_unbookable(text, uuid, uuid, timestamptz, timestamptz, uuid, uuid) from public;

-- Where a mentor lets pending requests hold their time, a request has until then for its answer ...
create or replace function private.limit_to_hold() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    terms public.booking_terms;
begin
    select * into terms from private.terms_of(array[new.mentor_id]);
    if terms.pending_policy = 'hold' then
        new.expires_at := least(new.expires_at, new.created_at + make_interval(mins => terms.hold_minutes));
    end if;
    return new;
end
$$;
revoke execute on function private.limit_to_hold() from public;
create or replace trigger limit_to_hold
    before insert on public.session_requests
    for each row execute function private.limit_to_hold();

-- ... and nobody else gets that time from the mentor. The student may ask others for it as well.
create or replace function private.hold_time() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    buffers record;
begin
    if not exists (select from private.terms_of(array[new.mentor_id]) as t where t.pending_policy = 'hold') then
        return null;
    end if;
    perform private.lock_people(array[new.mentor_id, new.student_id]);
    perform private.refuse_unbookable(
        'commit', new.mentor_id, new.student_id, new.requested_time, new.end_time, null, new.id
    );
    buffers := private.booking_buffers(new.mentor_id, new.id);
    insert into private.busy_times (person_id, busy, request_id)
        values (new.mentor_id, tstzrange(
            new.requested_time - make_interval(mins => buffers.minutes_before),
            new.end_time + make_interval(mins => buffers.minutes_after)
        ), new.id);
    return null;
exception
    when exclusion_violation or deadlock_detected or serialization_failure then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
        return null;
end
$$;
revoke execute on function private.hold_time() from public;
create or replace trigger hold_time
    after insert on public.session_requests
    for each row when (new.status = 'pending') execute function private.hold_time();

create or replace function private.release_hold() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.busy_times as b where b.request_id = new.id;
    return null;
end
$$;
revoke execute on function private.release_hold() from public;
create or replace trigger release_hold
    after update of status on public.session_requests
    for each row when (old.status = 'pending' and new.status <> 'pending') execute function private.release_hold();

insert into private.schema_parts (version, subject)
    values ('20261124100300', 'booking_limits')
    on conflict (version) do nothing;
