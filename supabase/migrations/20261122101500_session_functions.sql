-- Functions a client calls about sessions. Starting and completing are the creator's own update; cancelling and saying who
-- did not come are open to both people, so these two go through the owner, for exactly that.

create or replace function private.session_for(session_id uuid) returns public.sessions
language plpgsql
set search_path = ''
as $$
declare
    agreed public.sessions;
begin
    perform private.require_caller();
    select s.* into agreed from public.sessions as s where s.id = session_for.session_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    return agreed;
end
$$;
revoke execute on function private.session_for(uuid) from public;
grant execute on function private.session_for(uuid) to authenticated, service_role;

-- Whether the caller may act for this session at all: one of its two people, or the service key.
create or replace function private.takes_part(agreed public.sessions) returns boolean
language sql
stable
set search_path = ''
as $$
    select coalesce(auth.uid() in (agreed.mentor_id, agreed.student_id), auth.uid() is null and auth.role() = 'service_role')
$$;
revoke execute on function private.takes_part(public.sessions) from public;

create or replace function private.cancel_session(session_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.sessions as s
        set status = 'cancelled', cancel_reason = reason
        where s.id = cancel_session.session_id and private.takes_part(s);
end
$$;
revoke execute on function private.cancel_session(uuid, text) from public;
grant execute on function private.cancel_session(uuid, text) to authenticated, service_role;

create or replace function public.cancel_session(session_id uuid, reason text) returns public.sessions
language plpgsql
set search_path = ''
as $$
declare
    agreed public.sessions := private.session_for(cancel_session.session_id);
begin
    perform private.cancel_session(agreed.id, reason);
    return private.session_for(agreed.id);
end
$$;

create or replace function private.move_session(agreed public.sessions, wanted_status text) returns public.sessions
language plpgsql
set search_path = ''
as $$
declare
    moved public.sessions;
begin
    update public.sessions as s set status = wanted_status where s.id = agreed.id returning s.* into moved;
    if not found then
        perform private.fail(403, 'not_allowed', 'Only the mentor starts and completes a session.');
    end if;
    return moved;
end
$$;
revoke execute on function private.move_session(public.sessions, text) from public;
grant execute on function private.move_session(public.sessions, text) to authenticated, service_role;

create or replace function public.start_session(session_id uuid) returns public.sessions
language sql
set search_path = ''
as $$
    select m.* from private.move_session(private.session_for(session_id), 'ongoing') as m
$$;

create or replace function public.complete_session(session_id uuid) returns public.sessions
language sql
set search_path = ''
as $$
    select m.* from private.move_session(private.session_for(session_id), 'completed') as m
$$;

-- Each person can say of the other that he did not come; the service key can say it of anybody. Said once, after the
-- session has begun.
create or replace function private.mark_no_show(session_id uuid, side text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    agreed public.sessions;
begin
    select s.* into agreed from public.sessions as s where s.id = mark_no_show.session_id for update;
    if not found or not private.takes_part(agreed) then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    if side is null or side not in ('mentor', 'student', 'both') then
        perform private.fail(400, 'bad_side', 'The side is mentor, student or both.');
    end if;
    if caller is not null and side <> (case caller when agreed.mentor_id then 'student' else 'mentor' end) then
        perform private.fail(403, 'not_allowed', 'You can say only of the other person that he did not come.');
    end if;
    if agreed.status = 'cancelled' or agreed.no_show is not null then
        perform private.fail(409, 'bad_transition', 'This session was cancelled, or it has been said already who did not come.');
    end if;
    if clock_timestamp() < agreed.scheduled_time then
        perform private.fail(409, 'too_early', 'The session has not begun yet.');
    end if;
    update public.sessions as s set no_show = side where s.id = agreed.id;
end
$$;
revoke execute on function private.mark_no_show(uuid, text) from public;
grant execute on function private.mark_no_show(uuid, text) to authenticated, service_role;

create or replace function public.mark_no_show(session_id uuid, side text) returns public.sessions
language plpgsql
set search_path = ''
as $$
declare
    agreed public.sessions := private.session_for(mark_no_show.session_id);
begin
    perform private.mark_no_show(agreed.id, side);
    return private.session_for(agreed.id);
end
$$;

revoke execute on function
    public.cancel_session(uuid, text),
    public.start_session(uuid),
    public.complete_session(uuid),
    public.mark_no_show(uuid, text)
    from public, anon;
grant execute on function
    public.cancel_session(uuid, text),
    public.start_session(uuid),
    public.complete_session(uuid),
    public.mark_no_show(uuid, text)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261122101500', 'session_functions')
    on conflict (version) do nothing;
