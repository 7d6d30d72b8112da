-- Moving several sessions of a series by the same step of the local clock: proposed at once, accepted or declined as one.

alter table public.reschedule_proposals
    add column if not exists batch_id uuid;
create index if not exists reschedule_proposals_batch on public.reschedule_proposals (batch_id);

create or replace function private.propose_series_reschedule(session_id uuid, scope text, new_time timestamp, message text)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    choices private.settings := private.the_settings();
    chosen public.sessions := private.session_to_move(propose_series_reschedule.session_id);
    zone text;
    step interval;
    batch uuid := gen_random_uuid();
    proposed integer := 0;
    moving public.sessions;
    earlier public.reschedule_proposals;
    starts timestamptz;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'A new time is proposed by one of the two people.');
    end if;
    if new_time is null or not isfinite(new_time) or date_trunc('minute', new_time) <> new_time then
        perform private.fail(400, 'time_not_on_minute', 'A session starts at a full minute.');
    end if;
    if char_length(propose_series_reschedule.message) > 1000 then
        perform private.fail(400, 'text_too_long', 'A message has at most 1000 characters.');
    end if;
    select s.time_zone into zone
        from public.session_requests as r
        join public.session_series as s on s.id = r.series_id
        where r.id = chosen.request_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such series.');
    end if;
    step := propose_series_reschedule.new_time - chosen.scheduled_time at time zone zone;
    for moving in select m.* from private.sessions_in_scope(chosen.id, propose_series_reschedule.scope) as m loop
        starts := private.instant_of(moving.scheduled_time at time zone zone + step, zone);
        if starts <= clock_timestamp() then
            perform private.fail(400, 'time_in_past', 'A session must lie in the future.');
        end if;
        select p.* into earlier from public.reschedule_proposals as p
            where p.session_id = moving.id and p.status = 'pending';
        if found then
            perform private.settle_proposal(earlier, case earlier.proposed_by when caller then 'withdrawn' else 'countered' end);
        end if;
        insert into public.reschedule_proposals (
                session_id, proposed_by, previous_time, scheduled_time, duration, message, expires_at, batch_id
            )
            values (
                moving.id, caller, moving.scheduled_time, starts, moving.duration, propose_series_reschedule.message,
                least(starts, moving.scheduled_time, clock_timestamp() + choices.request_ttl), batch
            );
        perform private.log_event(moving.request_id, moving.id, 'reschedule_proposed',
            jsonb_build_object('from', moving.scheduled_time, 'to', starts));
        proposed := proposed + 1;
    end loop;
    perform private.notify(
        case caller when chosen.mentor_id then chosen.student_id else chosen.mentor_id end,
        'reschedule_proposed', chosen.request_id, chosen.id,
        private.session_payload(chosen) || jsonb_build_object(
            'batch_id', batch, 'sessions', proposed, 'message', propose_series_reschedule.message,
            'proposed_time', private.instant_of(propose_series_reschedule.new_time, zone)
        ),
        batch::text
    );
    return batch;
end
$$;
revoke execute on function private.propose_series_reschedule(uuid, text, timestamp, text) from public;
grant execute on function private.propose_series_reschedule(uuid, text, timestamp, text) to authenticated, service_role;

-- The sessions are moved away from each other: the last one first when the series moves on, the first one first otherwise.
create or replace function private.accept_series_reschedule(batch_id uuid) returns setof uuid
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    agreed public.sessions;
    chosen record;
begin
    select s.* into agreed
        from public.reschedule_proposals as p
        join public.sessions as s on s.id = p.session_id
        where p.batch_id = accept_series_reschedule.batch_id and private.takes_part(s)
        limit 1;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such proposal.');
    end if;
    perform private.lock_people(array[agreed.mentor_id, agreed.student_id]);
    for chosen in
        select p.id from public.reschedule_proposals as p
            where p.batch_id = accept_series_reschedule.batch_id
            order by
                case when p.scheduled_time > p.previous_time then p.previous_time end desc nulls last,
                p.previous_time
    loop
        return next private.accept_reschedule(chosen.id);
    end loop;
end
$$;
revoke execute on function private.accept_series_reschedule(uuid) from public;
grant execute on function private.accept_series_reschedule(uuid) to authenticated, service_role;

-- Proposes to move this session of a series to `new_time`, on the local clock of the series' zone, and with scope 'following' or
-- 'all' the others by the same step. Gives the proposals; they share a batch_id, with which they are answered.
create or replace function public.propose_series_reschedule(
    session_id uuid, scope text, new_time timestamp, message text default null
) returns setof public.reschedule_proposals
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    batch uuid := private.propose_series_reschedule(
        propose_series_reschedule.session_id, propose_series_reschedule.scope,
        propose_series_reschedule.new_time, propose_series_reschedule.message
    );
begin
    return query
        select p.* from public.reschedule_proposals as p where p.batch_id = batch order by p.previous_time;
end
$$;

-- Moves all sessions of the batch, or none when one of the new times is not free.
create or replace function public.accept_series_reschedule(batch_id uuid) returns setof public.sessions
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    moved uuid[];
begin
    select array_agg(m) into moved from private.accept_series_reschedule(accept_series_reschedule.batch_id) as m;
    return query
        select s.* from public.sessions as s where s.id = any (moved) order by s.scheduled_time;
end
$$;

create or replace function public.decline_series_reschedule(batch_id uuid, reason text default null)
returns setof public.reschedule_proposals
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    chosen record;
begin
    for chosen in
        select p.id from public.reschedule_proposals as p
            where p.batch_id = decline_series_reschedule.batch_id and p.status = 'pending'
            order by p.previous_time
    loop
        return next public.decline_reschedule(chosen.id, decline_series_reschedule.reason);
    end loop;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such proposal.');
    end if;
end
$$;

revoke execute on function
    public.propose_series_reschedule(uuid, text, timestamp, text),
    public.accept_series_reschedule(uuid),
    public.decline_series_reschedule(uuid, text)
    from public, anon;
grant execute on function
    public.propose_series_reschedule(uuid, text, timestamp, text),
    public.accept_series_reschedule(uuid),
    public.decline_series_reschedule(uuid, text)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124101000', 'series_reschedule')
    on conflict (version) do nothing;
