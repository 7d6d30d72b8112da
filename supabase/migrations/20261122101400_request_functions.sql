-- Functions a client calls about requests. They do the statements that are open to it anyway, as the caller, and add a
-- typed answer. Both people are locked before the row is: then racing approvals line up, and the winner can decline the rest.

create or replace function private.require_caller() returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
    if auth.uid() is null and auth.role() in ('anon', 'authenticated') then
        perform private.fail(401, 'not_signed_in', 'Please sign in.');
    end if;
    return auth.uid();
end
$$;
revoke execute on function private.require_caller() from public;
grant execute on function private.require_caller() to anon, authenticated, service_role;

create or replace function public.request_session(
    mentor_id uuid,
    subject_id uuid,
    title text,
    requested_time timestamptz,
    duration integer,
    description text default null,
    idempotency_key text default null
) returns public.session_requests
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    made public.session_requests;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'A request is made by a student.');
    end if;
    perform private.lock_requests_of(caller);
    if request_session.idempotency_key is not null then
        select r.* into made from public.session_requests as r
            where r.student_id = caller and r.idempotency_key = request_session.idempotency_key;
        if found then
            return made;
        end if;
    end if;
    insert into public.session_requests (
            student_id, mentor_id, subject_id, title, requested_time, duration, description, idempotency_key
        )
        values (
            caller, request_session.mentor_id, request_session.subject_id, request_session.title,
            request_session.requested_time, request_session.duration, request_session.description,
            request_session.idempotency_key
        )
        returning * into made;
    return made;
end
$$;

-- The request, if the caller may see it; what follows tells apart "not there" and "not yours to answer".
create or replace function private.request_for(request_id uuid, side text) returns public.session_requests
language plpgsql
set search_path = ''
as $$
declare
    caller uuid := private.require_caller();
    asked public.session_requests;
begin
    select r.* into asked from public.session_requests as r where r.id = request_for.request_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such request.');
    end if;
    if caller is not null and caller <> (case side when 'mentor' then asked.mentor_id else asked.student_id end) then
        perform private.fail(403, 'not_allowed', 'A mentor approves or rejects, a student withdraws.');
    end if;
    return asked;
end
$$;
revoke execute on function private.request_for(uuid, text) from public;
grant execute on function private.request_for(uuid, text) to authenticated, service_role;

-- Takes requests of the calling mentor, and all their people, for this transaction. Nobody waits for a request while holding its
-- people: a plain update of the table holds the request and then wants the people. Where somebody answers one at this moment,
-- the people are let go again (with the inner block) and waited for in that order.
create or replace function private.take_requests(request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
    people uuid[];
begin
    select array_agg(r.mentor_id) || array_agg(r.student_id) into people
        from public.session_requests as r
        where r.id = any (request_ids) and (r.mentor_id = auth.uid() or auth.uid() is null);
    begin
        perform private.lock_people(people);
        perform from public.session_requests as r
            where r.id = any (request_ids) and (r.mentor_id = auth.uid() or auth.uid() is null)
            order by r.id
            for no key update nowait;
    exception
        when lock_not_available then
            perform from public.session_requests as r
                where r.id = any (request_ids) and (r.mentor_id = auth.uid() or auth.uid() is null)
                order by r.id
                for no key update;
            perform private.lock_people(people);
    end;
end
$$;
revoke execute on function private.take_requests(uuid[]) from public;
grant execute on function private.take_requests(uuid[]) to authenticated, service_role;

create or replace function public.approve_request(request_id uuid) returns public.sessions
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.session_requests := private.request_for(approve_request.request_id, 'mentor');
    made public.sessions;
begin
    perform private.take_requests(array[asked.id]);
    update public.session_requests as r
        set status = 'approved'
        where r.id = asked.id and r.status = 'pending';
    if not found then
        perform private.fail(409, 'request_not_pending', 'This request has been answered or withdrawn already.');
    end if;
    select s.* into made from public.sessions as s where s.request_id = asked.id;
    return made;
exception
    when exclusion_violation or unique_violation or deadlock_detected or serialization_failure then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
        return null;
end
$$;

create or replace function public.reject_request(request_id uuid, reason text) returns public.session_requests
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.session_requests := private.request_for(reject_request.request_id, 'mentor');
begin
    update public.session_requests as r
        set status = 'rejected', rejection_reason = reason
        where r.id = asked.id and r.status = 'pending'
        returning r.* into asked;
    if not found then
        perform private.fail(409, 'request_not_pending', 'This request has been answered or withdrawn already.');
    end if;
    return asked;
end
$$;

-- The table's update policy is the mentor's, so this runs as the owner: it withdraws a pending request of the caller.
create or replace function private.withdraw_request(request_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.session_requests as r
        set status = 'cancelled'
        where r.id = withdraw_request.request_id
            and r.status = 'pending'
            and (r.student_id = auth.uid() or (auth.uid() is null and auth.role() = 'service_role'));
    if not found then
        perform private.fail(409, 'request_not_pending', 'This request has been answered or withdrawn already.');
    end if;
end
$$;
revoke execute on function private.withdraw_request(uuid) from public;
grant execute on function private.withdraw_request(uuid) to authenticated, service_role;

create or replace function public.withdraw_request(request_id uuid) returns public.session_requests
language plpgsql
set search_path = ''
as $$
declare
    asked public.session_requests := private.request_for(withdraw_request.request_id, 'student');
begin
    perform private.withdraw_request(asked.id);
    select r.* into asked from public.session_requests as r where r.id = asked.id;
    return asked;
end
$$;

revoke execute on function
    public.request_session(uuid, uuid, text, timestamptz, integer, text, text),
    public.approve_request(uuid),
    public.reject_request(uuid, text),
    public.withdraw_request(uuid)
    from public, anon;
grant execute on function
    public.request_session(uuid, uuid, text, timestamptz, integer, text, text),
    public.approve_request(uuid),
    public.reject_request(uuid, text),
    public.withdraw_request(uuid)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261122101400', 'request_functions')
    on conflict (version) do nothing;
