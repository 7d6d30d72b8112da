-- Moving a session takes both people: one proposes another time, the other accepts or declines, or makes a counter-offer. Until
-- it is accepted the session stands as it was. The room stays the same, and the history links the times.

create table if not exists public.reschedule_proposals (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references public.sessions (id) on delete cascade,
    proposed_by uuid not null references public.profiles (id) on delete cascade,
    previous_time timestamptz not null,
    scheduled_time timestamptz not null,
    duration integer not null constraint reschedule_proposals_duration_offered check (duration in (30, 60, 90, 120)),
    message text constraint reschedule_proposals_message_bounded check (char_length(message) <= 1000),
    status text not null default 'pending',
    reason text constraint reschedule_proposals_reason_bounded check (char_length(reason) <= 1000),
    expires_at timestamptz not null,
    created_at timestamptz not null default clock_timestamp(),
    responded_at timestamptz,
    updated_at timestamptz not null default clock_timestamp(),
    constraint reschedule_proposals_known_status check (status in (
        'pending',    -- waits for the other person
        'accepted',   -- pending -> accepted: the session has moved
        'declined',   -- pending -> declined: by the other person
        'withdrawn',  -- pending -> withdrawn: by whoever proposed it
        'countered',  -- pending -> countered: the other person proposed another time instead
        'lapsed'      -- pending -> lapsed: not answered in time, or the session moved, ended or was cancelled
    )),
    constraint reschedule_proposals_answer_dated check ((status = 'pending') = (responded_at is null))
);
create unique index if not exists reschedule_proposals_one_pending on public.reschedule_proposals (session_id)
    where status = 'pending';
create index if not exists reschedule_proposals_session on public.reschedule_proposals (session_id, created_at);
create index if not exists reschedule_proposals_proposer on public.reschedule_proposals (proposed_by);
create index if not exists reschedule_proposals_due on public.reschedule_proposals (expires_at)
    where status = 'pending';

create or replace trigger touch
    before update on public.reschedule_proposals
    for each row execute function private.touch();

alter table public.reschedule_proposals enable row level security;
revoke all on public.reschedule_proposals from public, anon, authenticated;
grant select on public.reschedule_proposals to authenticated;
grant select, insert, update, delete on public.reschedule_proposals to service_role;
drop policy if exists "Participants see proposals for their sessions" on public.reschedule_proposals;
create policy "Participants see proposals for their sessions" on public.reschedule_proposals
    for select to authenticated
    using (session_id in (
        select s.id from public.sessions as s where (select auth.uid()) in (s.mentor_id, s.student_id)
    ));
-- Both people write through the functions below: a move takes two rows at once.

-- Locks the session, and gives it if it is the caller's and still to come.
create or replace function private.session_to_move(session_id uuid) returns public.sessions
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    moving public.sessions;
begin
    select s.* into moving from public.sessions as s
        where s.id = session_to_move.session_id and private.takes_part(s)
        for update;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    if moving.status <> 'scheduled' or moving.scheduled_time <= clock_timestamp() then
        perform private.fail(409, 'bad_transition', 'Only a session that has not begun can be moved.');
    end if;
    return moving;
end
$$;
revoke execute on function private.session_to_move(uuid) from public;

create or replace function private.settle_proposal(proposal public.reschedule_proposals, outcome text, why text default null)
returns public.reschedule_proposals
language sql
security definer
set search_path = ''
as $$
    update public.reschedule_proposals as p
        set status = outcome, reason = why, responded_at = clock_timestamp()
        where p.id = proposal.id and p.status = 'pending'
        returning p.*
$$;
revoke execute on function private.settle_proposal(public.reschedule_proposals, text, text) from public;

create or replace function private.propose_reschedule(
    session_id uuid, scheduled_time timestamptz, duration integer, message text
) returns public.reschedule_proposals
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    choices private.settings := private.the_settings();
    moving public.sessions := private.session_to_move(propose_reschedule.session_id);
    minutes integer := coalesce(propose_reschedule.duration, moving.duration);
    starts timestamptz := propose_reschedule.scheduled_time;
    earlier public.reschedule_proposals;
    made public.reschedule_proposals;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'A new time is proposed by one of the two people.');
    end if;
    if minutes not in (30, 60, 90, 120) then
        perform private.fail(400, 'bad_duration', 'A session takes 30, 60, 90 or 120 minutes.');
    end if;
    if starts is null or not isfinite(starts) or date_trunc('minute', starts) <> starts then
        perform private.fail(400, 'time_not_on_minute', 'A session starts at a full minute.');
    end if;
    if starts <= clock_timestamp() then
        perform private.fail(400, 'time_in_past', 'A session must lie in the future.');
    end if;
    if char_length(message) > 1000 then
        perform private.fail(400, 'text_too_long', 'A message has at most 1000 characters.');
    end if;
    -- a mentor may propose outside his own hours, a student may not
    perform private.refuse_unbookable(
        case caller when moving.mentor_id then 'commit' else 'request' end,
        moving.mentor_id, moving.student_id, starts, starts + make_interval(mins => minutes), moving.id, moving.request_id
    );
    select p.* into earlier from public.reschedule_proposals as p
        where p.session_id = moving.id and p.status = 'pending';
    if found then
        perform private.settle_proposal(earlier, case earlier.proposed_by when caller then 'withdrawn' else 'countered' end);
    end if;
    insert into public.reschedule_proposals (
            session_id, proposed_by, previous_time, scheduled_time, duration, message, expires_at
        )
        values (
            moving.id, caller, moving.scheduled_time, starts, minutes, message,
            least(starts, moving.scheduled_time, clock_timestamp() + choices.request_ttl)
        )
        returning * into made;
    perform private.log_event(moving.request_id, moving.id, 'reschedule_proposed',
        jsonb_build_object('from', moving.scheduled_time, 'to', starts));
    perform private.notify(
        case caller when moving.mentor_id then moving.student_id else moving.mentor_id end,
        'reschedule_proposed', moving.request_id, moving.id,
        private.session_payload(moving) || jsonb_build_object(
            'proposal_id', made.id, 'proposed_time', starts, 'proposed_duration', minutes, 'message', message
        ),
        made.id::text
    );
    return made;
end
$$;
revoke execute on function private.propose_reschedule(uuid, timestamptz, integer, text) from public;
grant execute on function private.propose_reschedule(uuid, timestamptz, integer, text) to authenticated, service_role;

-- Proposes another time (and, if given, another duration) for a session to come. A pending proposal of the other person is
-- answered by it as a counter-offer, one of the caller's own is replaced. The session stays where it is.
create or replace function public.propose_reschedule(
    session_id uuid, scheduled_time timestamptz, duration integer default null, message text default null
) returns public.reschedule_proposals
language sql
set search_path = ''
as $$
    select p.* from private.propose_reschedule(session_id, scheduled_time, duration, message) as p
$$;

revoke execute on function public.propose_reschedule(uuid, timestamptz, integer, text) from public, anon;
grant execute on function public.propose_reschedule(uuid, timestamptz, integer, text) to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100600', 'reschedule')
    on conflict (version) do nothing;
