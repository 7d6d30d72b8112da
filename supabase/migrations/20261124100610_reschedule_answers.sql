-- Answers to proposals of another time: accepted, declined, withdrawn, or lapsed because nobody answered in time.

-- The proposal with its session locked, if it waits for an answer. `own` says whose answer: the proposer's or the other's.
create or replace function private.proposal_to_answer(proposal_id uuid, own boolean) returns public.reschedule_proposals
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := private.require_caller();
    asked public.reschedule_proposals;
    moving public.sessions;
begin
    select p.* into asked from public.reschedule_proposals as p where p.id = proposal_to_answer.proposal_id;
    if found then
        select s.* into moving from public.sessions as s where s.id = asked.session_id and private.takes_part(s) for update;
    end if;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such proposal.');
    end if;
    if (asked.proposed_by = caller) is distinct from own then
        perform private.fail(403, 'not_allowed', 'The other person answers a proposal; whoever made it can withdraw it.');
    end if;
    -- read again: somebody may have answered while we waited for the session
    select p.* into asked from public.reschedule_proposals as p where p.id = asked.id;
    if asked.status <> 'pending' then
        perform private.fail(409, 'proposal_not_pending', 'This proposal has been answered or withdrawn already.');
    end if;
    if asked.expires_at <= clock_timestamp() or moving.status <> 'scheduled' or moving.scheduled_time <> asked.previous_time then
        perform private.fail(409, 'proposal_lapsed', 'The time to answer this proposal is over.');
    end if;
    return asked;
end
$$;
revoke execute on function private.proposal_to_answer(uuid, boolean) from public;

create or replace function private.accept_reschedule(proposal_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.reschedule_proposals;
    agreed public.sessions;
begin
    -- both people before the session, in the order that every booking takes them
    select s.* into agreed
        from public.reschedule_proposals as p
        join public.sessions as s on s.id = p.session_id
        where p.id = accept_reschedule.proposal_id and private.takes_part(s);
    if found then
        perform private.lock_people(array[agreed.mentor_id, agreed.student_id]);
    end if;
    asked := private.proposal_to_answer(accept_reschedule.proposal_id, false);
    perform private.settle_proposal(asked, 'accepted');
    update public.sessions as s
        set scheduled_time = asked.scheduled_time, duration = asked.duration
        where s.id = asked.session_id
        returning s.* into agreed;
    perform private.decline_colliding(agreed);
    return agreed.id;
exception
    when exclusion_violation or unique_violation or deadlock_detected or serialization_failure then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
        return null;
end
$$;
revoke execute on function private.accept_reschedule(uuid) from public;
grant execute on function private.accept_reschedule(uuid) to authenticated, service_role;

create or replace function private.close_reschedule(proposal_id uuid, outcome text, why text) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    asked public.reschedule_proposals := private.proposal_to_answer(proposal_id, outcome = 'withdrawn');
    moving public.sessions;
    caller uuid := auth.uid();
begin
    if outcome not in ('declined', 'withdrawn') then
        perform private.fail(409, 'bad_transition', 'A proposal is declined or withdrawn.');
    end if;
    if char_length(why) > 1000 then
        perform private.fail(400, 'text_too_long', 'A reason has at most 1000 characters.');
    end if;
    perform private.settle_proposal(asked, outcome, why);
    select s.* into moving from public.sessions as s where s.id = asked.session_id;
    perform private.log_event(moving.request_id, moving.id, 'reschedule_' || outcome, '{}');
    perform private.notify(
        case caller when moving.mentor_id then moving.student_id else moving.mentor_id end,
        'reschedule_' || outcome, moving.request_id, moving.id,
        private.session_payload(moving) || jsonb_build_object('proposal_id', asked.id, 'reason', why),
        asked.id::text
    );
    return asked.id;
end
$$;
revoke execute on function private.close_reschedule(uuid, text, text) from public;
grant execute on function private.close_reschedule(uuid, text, text) to authenticated, service_role;

-- Moves the session to the proposed time, if that is still free for both.
create or replace function public.accept_reschedule(proposal_id uuid) returns public.sessions
language sql
set search_path = ''
as $$
    select s.* from private.session_for(private.accept_reschedule(proposal_id)) as s
$$;

create or replace function public.decline_reschedule(proposal_id uuid, reason text default null)
returns public.reschedule_proposals
language plpgsql
set search_path = ''
as $$
declare
    closed uuid := private.close_reschedule(decline_reschedule.proposal_id, 'declined', decline_reschedule.reason);
    answered public.reschedule_proposals;
begin
    select p.* into answered from public.reschedule_proposals as p where p.id = closed;
    return answered;
end
$$;

create or replace function public.withdraw_reschedule(proposal_id uuid) returns public.reschedule_proposals
language plpgsql
set search_path = ''
as $$
declare
    closed uuid := private.close_reschedule(withdraw_reschedule.proposal_id, 'withdrawn', null);
    answered public.reschedule_proposals;
begin
    select p.* into answered from public.reschedule_proposals as p where p.id = closed;
    return answered;
end
$$;

revoke execute on function
    public.accept_reschedule(uuid),
    public.decline_reschedule(uuid, text),
    public.withdraw_reschedule(uuid)
    from public, anon;
grant execute on function
    public.accept_reschedule(uuid),
    public.decline_reschedule(uuid, text),
    public.withdraw_reschedule(uuid)
    to authenticated, service_role;

-- A session that moves, begins or is cancelled leaves no proposal open.
create or replace function private.lapse_proposals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.reschedule_proposals as p
        set status = 'lapsed', responded_at = clock_timestamp()
        where p.session_id = new.id and p.status = 'pending';
    return null;
end
$$;
revoke execute on function private.lapse_proposals() from public;
create or replace trigger lapse_proposals
    after update of status, scheduled_time on public.sessions
    for each row
    when (new.status <> 'scheduled' or new.scheduled_time <> old.scheduled_time)
    execute function private.lapse_proposals();

-- Timed work: proposals that nobody answered.
create or replace function private.lapse_due_proposals(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    done integer;
begin
    update public.reschedule_proposals as p
        set status = 'lapsed', responded_at = clock_timestamp()
        where p.id in (
            select due.id from public.reschedule_proposals as due
                where due.status = 'pending' and due.expires_at <= clock
                order by due.expires_at
                limit max_items
                for update skip locked
        );
    get diagnostics done = row_count;
    return done;
end
$$;
revoke execute on function private.lapse_due_proposals(timestamptz, integer) from public;

do $$
begin
    if not exists (
        select from pg_publication_tables
            where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'reschedule_proposals'
    ) then
        alter publication supabase_realtime add table public.reschedule_proposals;
    end if;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261124100610', 'reschedule_answers')
    on conflict (version) do nothing;
