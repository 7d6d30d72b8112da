-- Nobody is in two places at once, whether as mentor or as student. Every stretch of time a person has given away is a row
-- here: two for each session that is scheduled or ongoing (the mentor's with buffers around it). One exclusion constraint
-- guarantees it, in every isolation level and on every path; the advisory locks only give an order to wait in.
-- `request_id` is for time held for a request that still waits for its answer.

create table if not exists private.busy_times (
    id bigint generated always as identity primary key,
    person_id uuid not null,
    busy tstzrange not null constraint busy_times_not_empty check (not isempty(busy)),
    session_id uuid references public.sessions (id) on delete cascade,
    request_id uuid references public.session_requests (id) on delete cascade,
    constraint busy_times_for_one_thing check (num_nonnulls(session_id, request_id) = 1),
    constraint busy_times_session_once unique (session_id, person_id),
    constraint busy_times_request_once unique (request_id, person_id),
    constraint nobody_in_two_places exclude using gist (person_id with =, busy with &&)
);
alter table private.busy_times enable row level security;
revoke all on private.busy_times from public, anon, authenticated, service_role;

-- Minutes to keep free around a session with this mentor. `request_id` names what is being booked, where there is such a row.
create or replace function private.booking_buffers(mentor_id uuid, request_id uuid, out minutes_before integer, out minutes_after integer)
language sql
stable
security definer
set search_path = ''
as $$
    select s.buffer_before_minutes, s.buffer_after_minutes from private.settings as s
$$;
revoke execute on function private.booking_buffers(uuid, uuid) from public;

-- Every check of a booking that concerns time, in one place. `stage` is 'request' when a student asks and 'commit' when
-- time is about to be given away; at 'commit' both people are locked. The rows of `session_id` and `request_id` are not in
-- the way of themselves. Answers nothing or raises; no message tells another person's hours.
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
declare
    buffers record;
begin
    buffers := private.booking_buffers(mentor_id, request_id);
    if exists (
        select from private.busy_times as b
            where (
                    (b.person_id = refuse_unbookable.mentor_id and b.busy && tstzrange(
                        starts - make_interval(mins => buffers.minutes_before),
                        ends + make_interval(mins => buffers.minutes_after)
                    ))
                    or (b.person_id = refuse_unbookable.student_id and b.busy && tstzrange(starts, ends))
                )
                and (refuse_unbookable.session_id is null or b.session_id is distinct from refuse_unbookable.session_id)
                and (refuse_unbookable.request_id is null or b.request_id is distinct from refuse_unbookable.request_id)
    ) then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
    end if;
end
$$;
revoke execute on function private.refuse_unbookable(text, uuid, uuid, timestamptz, timestamptz, uuid, uuid) from public;

-- Before a session takes time: its end, its buffers, both people locked, every booking check asked.
create or replace function private.check_booking() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    buffers record;
begin
    if new.scheduled_time is null or new.duration is null then
        return new;  -- a session from before that keeps its hours elsewhere
    end if;
    new.end_time := new.scheduled_time + make_interval(mins => new.duration);
    if new.status is null or new.status not in ('scheduled', 'ongoing') then
        return new;
    end if;
    if tg_op = 'UPDATE'
        and old.status in ('scheduled', 'ongoing')
        and (new.scheduled_time, new.end_time, new.mentor_id, new.student_id, new.buffer_before, new.buffer_after)
            is not distinct from
            (old.scheduled_time, old.end_time, old.mentor_id, old.student_id, old.buffer_before, old.buffer_after)
    then
        return new;
    end if;
    if tg_op = 'INSERT' then
        buffers := private.booking_buffers(new.mentor_id, new.request_id);
        new.buffer_before := buffers.minutes_before;
        new.buffer_after := buffers.minutes_after;
    end if;
    perform private.lock_people(array[new.mentor_id, new.student_id]);
    perform private.refuse_unbookable(
        'commit', new.mentor_id, new.student_id, new.scheduled_time, new.end_time, new.id, new.request_id
    );
    return new;
end
$$;
revoke execute on function private.check_booking() from public;

create or replace trigger check_booking
    before insert or update on public.sessions
    for each row execute function private.check_booking();

-- Keeps busy_times equal to the sessions that are scheduled or ongoing.
create or replace function private.block_time() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Starting takes no new time. A session from before that overlaps another has none to keep, and starts all the same.
    if tg_op = 'UPDATE'
        and old.status in ('scheduled', 'ongoing')
        and new.status in ('scheduled', 'ongoing')
        and (new.scheduled_time, new.end_time, new.mentor_id, new.student_id, new.buffer_before, new.buffer_after)
            is not distinct from
            (old.scheduled_time, old.end_time, old.mentor_id, old.student_id, old.buffer_before, old.buffer_after)
    then
        return null;
    end if;
    delete from private.busy_times as b where b.session_id = new.id;
    if new.request_id is not null then
        delete from private.busy_times as b where b.request_id = new.request_id;
    end if;
    if new.status in ('scheduled', 'ongoing') and new.scheduled_time is not null and new.end_time is not null then
        insert into private.busy_times (person_id, busy, session_id)
            select person_id, busy, new.id
                from (values
                    (new.mentor_id, tstzrange(
                        new.scheduled_time - make_interval(mins => new.buffer_before),
                        new.end_time + make_interval(mins => new.buffer_after)
                    )),
                    (new.student_id, tstzrange(new.scheduled_time, new.end_time))
                ) as taken (person_id, busy)
                where person_id is not null;
    end if;
    return null;
exception
    -- the raw message would show when another person is busy
    when exclusion_violation or unique_violation or deadlock_detected or serialization_failure then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
        return null;
end
$$;
revoke execute on function private.block_time() from public;

create or replace trigger block_time
    after insert or update of status, scheduled_time, duration, end_time, mentor_id, student_id, buffer_before, buffer_after
    on public.sessions
    for each row execute function private.block_time();

-- Sessions that were here before. Those that already overlap stay as they are; only the first of them blocks its time.
do $$
declare
    wanted bigint;
    done bigint;
begin
    create temporary table mentorkit_unblocked on commit drop as
        select s.id, taken.person_id, taken.busy
            from public.sessions as s
            cross join lateral (values
                (s.mentor_id, tstzrange(
                    s.scheduled_time - make_interval(mins => s.buffer_before),
                    s.end_time + make_interval(mins => s.buffer_after)
                )),
                (s.student_id, tstzrange(s.scheduled_time, s.end_time))
            ) as taken (person_id, busy)
            where s.status in ('scheduled', 'ongoing')
                and s.end_time > now()
                and taken.person_id is not null
                and s.mentor_id is distinct from s.student_id
                and not exists (select from private.busy_times as b where b.session_id = s.id);
    select count(*) into wanted from mentorkit_unblocked;
    if wanted > 0 then
        insert into private.busy_times (person_id, busy, session_id)
            select person_id, busy, id from mentorkit_unblocked order by busy, id
            on conflict do nothing;
        get diagnostics done = row_count;
        if done < wanted then
            raise warning 'mentorkit: % times of upcoming sessions overlap others of the same person; they are kept', wanted - done;
        end if;
    end if;
    drop table mentorkit_unblocked;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261122100700', 'bookings')
    on conflict (version) do nothing;
