-- What happens because time passes. Each function claims rows that are due, skipping what another caller has claimed, so
-- any number of schedulers may call at once and each item is done once. The clock is an argument.

create or replace function private.expire_requests(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.session_requests as r
        set status = 'expired'
        where r.id in (
            select due.id from public.session_requests as due
                where due.status = 'pending' and due.expires_at <= clock
                order by due.expires_at
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.expire_requests(timestamptz, integer) from public;

-- Pending requests whose time is given away already. An approval declines them itself, but passes over one that somebody
-- is answering at that very moment.
create or replace function private.decline_taken(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.session_requests as r
        set status = 'rejected',
            rejection_code = 'slot_taken',
            rejection_reason = 'This time has been given to another session.'
        where r.id in (
            select due.id from public.session_requests as due
                where due.status = 'pending'
                    and due.expires_at > clock
                    and exists (
                        select from private.busy_times as b
                            where b.person_id in (due.mentor_id, due.student_id)
                                and b.session_id is not null
                                and b.busy && tstzrange(due.requested_time, due.end_time)
                    )
                order by due.expires_at
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.decline_taken(timestamptz, integer) from public;

create or replace function private.start_sessions(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.sessions as s
        set status = 'ongoing'
        where s.id in (
            select due.id from public.sessions as due
                where due.status = 'scheduled' and due.scheduled_time <= clock
                order by due.scheduled_time
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.start_sessions(timestamptz, integer) from public;

-- One side was in the room (record_arrival) and the other never came. Where nobody reported arrivals nothing is known.
create or replace function private.mark_no_shows(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.sessions as s
        set no_show = case when s.mentor_joined_at is null then 'mentor' else 'student' end
        where s.id in (
            select due.id from public.sessions as due
                where due.status = 'ongoing'
                    and due.end_time <= clock
                    and due.no_show is null
                    and (due.mentor_joined_at is null) <> (due.student_joined_at is null)
                order by due.end_time
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.mark_no_shows(timestamptz, integer) from public;

create or replace function private.complete_sessions(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.sessions as s
        set status = 'completed'
        where s.id in (
            select due.id from public.sessions as due
                where due.status = 'ongoing' and due.end_time <= clock
                order by due.end_time
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.complete_sessions(timestamptz, integer) from public;

-- Asks both people of a session that took place for a rating, and says until when.
create or replace function private.open_rating_windows(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    open_for interval := (private.the_settings()).rating_window;
    due record;
    done integer := 0;
begin
    for due in
        update public.sessions as s
            set rating_closes_at = s.end_time + open_for
            where s.id in (
                select d.id from public.sessions as d
                    where d.status = 'completed'
                        and d.rating_closes_at is null
                        and d.request_id is not null
                        and d.end_time <= clock
                        and d.end_time > clock - open_for
                    order by d.end_time
                    limit max_items
                    for update skip locked
            )
            returning s.*
    loop
        if due.no_show is null then
            perform private.notify(person, 'rating_open', due.request_id, due.id,
                    jsonb_build_object('title', due.title, 'rating_closes_at', due.rating_closes_at))
                from unnest(array[due.mentor_id, due.student_id]) as person;
        end if;
        done := done + 1;
    end loop;
    return done;
end
$$;
revoke execute on function private.open_rating_windows(timestamptz, integer) from public;

-- All of it, in the order in which it belongs: a session that began and ended while nobody called is started, then completed.
-- The answer counts each kind; `failed` is in it, by kind, when something went wrong.
-- Reminders have a migration of their own (session_reminders).
create or replace function private.timed_work(clock timestamptz, max_items integer) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    part record;
    done integer;
    counts jsonb := jsonb_build_object();
    failed jsonb := jsonb_build_object();
begin
    for part in
        select * from (values
            ('expired', 'expire_requests'),
            ('declined', 'decline_taken'),
            ('reminded', 'remind_sessions'),
            ('started', 'start_sessions'),
            ('no_shows', 'mark_no_shows'),
            ('completed', 'complete_sessions'),
            ('rating_windows', 'open_rating_windows'),
            ('proposals_lapsed', 'lapse_due_proposals')
        ) as parts (name, function_name)
    loop
        -- a row that can not be done (a rule of the project's own, say) must not keep the other kinds of work from being done
        begin
            execute format('select private.%I($1, $2)', part.function_name) into done using clock, max_items;
            counts := counts || jsonb_build_object(part.name, done);
        exception
            when others then
                counts := counts || jsonb_build_object(part.name, 0);
                failed := failed || jsonb_build_object(part.name, sqlerrm);
                raise warning 'mentorkit: timed work "%" failed: %', part.name, sqlerrm;
        end;
    end loop;
    return counts || case failed when '{}' then failed else jsonb_build_object('failed', failed) end;
end
$$;
revoke execute on function private.timed_work(timestamptz, integer) from public;
grant execute on function private.timed_work(timestamptz, integer) to service_role;

create or replace function public.timed_work(now timestamptz default now(), max_items integer default 500) returns jsonb
language sql
set search_path = ''
as $$
    select private.timed_work(timed_work.now, timed_work.max_items)
$$;
revoke execute on function public.timed_work(timestamptz, integer) from public, anon, authenticated;
grant execute on function public.timed_work(timestamptz, integer) to service_role;

-- Where pg_cron is installed, the database calls itself every minute. Elsewhere any scheduler calls public.timed_work.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_cron') then
        perform cron.schedule('mentorkit timed work', '* * * * *', 'select private.timed_work(now(), 500)');
    else
        raise notice 'mentorkit: pg_cron is not enabled; call public.timed_work every minute from your scheduler';
    end if;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261122101800', 'timed_work')
    on conflict (version) do nothing;
